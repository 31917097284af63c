"""tools/results.py: the summary at the end of `make test`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools import results

TESTS = """\
import pytest

def test_passes(): pass
def test_fails(): assert False, "in the body"
@pytest.fixture
def broken(): raise OSError
def test_has_no_fixture(broken): pass
@pytest.mark.skip(reason="DATA is not set")
@pytest.mark.parametrize("number", [1, 2])
def test_wants_data(number): pass
"""


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[results.Case]:
    """Cases from a file that pytest wrote."""
    folder = tmp_path_factory.mktemp("results")
    (folder / "tests" / "agent").mkdir(parents=True)
    (folder / "tests" / "agent" / "test_run.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml=report.xml", "tests"]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    subprocess.run(command, cwd=folder, env=environment, check=False, stdout=subprocess.DEVNULL)
    return results.read(folder / "report.xml")


def test_each_test_has_its_package_and_its_outcome(cases: list[results.Case]) -> None:
    assert {case.package for case in cases} == {"agent"}
    assert [(case.name, case.outcome) for case in cases][:3] == [
        ("agent.test_run::test_passes", "passed"),
        ("agent.test_run::test_fails", "failure"),
        ("agent.test_run::test_has_no_fixture", "error"),
    ]


def test_what_was_skipped_for_one_reason_is_one_line(cases: list[results.Case]) -> None:
    said = results.lines(cases)
    assert [line for line in said if "DATA" in line] == ["skipped 2: DATA is not set"]
    assert said[-1] == "tests: 2 skipped, 1 passed, 1 failure, 1 error"


def test_the_ten_slowest_come_first_and_each_package_has_its_sum() -> None:
    cases = [results.Case(f"app.test_a::test_{number}", number, "passed") for number in range(20)]
    said = results.lines([*cases, results.Case("agent.test_b::test", 300, "passed")])
    assert said[1] == "  300.0 s  agent.test_b::test"
    assert said[10] == "   11.0 s  app.test_a::test_11"
    assert said[11] == "time per package: agent 300 s, app 190 s"


def test_a_report_that_pytest_did_not_come_to_write_is_empty(tmp_path: Path) -> None:
    assert results.read(tmp_path / "none.xml") == []
