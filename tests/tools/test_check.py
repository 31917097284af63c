"""tools/check.py: what `make test` takes, and what it does with the exit codes of pytest."""

import time
from pathlib import Path

import pytest

from tools import check
from workstation.errors import CommandError
from workstation.paths import ROOT


def test_the_packages_are_the_folders_of_the_tests() -> None:
    assert {"agent", "app", "house", "rehearsal", "roles", "training"} <= set(check.packages())


def test_only_one_package_is_checked_where_one_is_named() -> None:
    assert check.parsed(["--only", "agent", "-x"]) == ("agent", ["-x", str(ROOT / "tests" / "agent")])
    assert check.parsed(["-k", "drain"]) == ("", ["-k", "drain"])


def test_an_unknown_package_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(CommandError, match=r"--only 'agnet': unknown package, wanted one of agent, app, .*training"):
        check.parsed(["--only", "agnet"])


@pytest.mark.parametrize(
    ("codes", "wanted"),
    [
        ([0, 0, 0], 0),
        ([0, 5, 5], 0),
        ([5, 0, 5], 0),
        ([5, 5, 5], 5),
        ([1, 0, 0], 1),
        ([0, 2, 0], 2),
        ([0, 5, 1], 1),
    ],
)
def test_a_part_without_tests_is_no_failure_but_all_are(codes: list[int], wanted: int) -> None:
    assert check.summed(codes) == wanted


FILES = {
    "test_unit.py": "def test_here(): pass\n",
    "test_slow.py": "import pytest\n@pytest.mark.slow\ndef test_here(): pass\n",
    "test_host.py": "import pytest\n@pytest.mark.slow\n@pytest.mark.rehearsal\ndef test_here(): print('on a host')\n",
}


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A suite of one test of each kind."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n  slow\n  rehearsal\n  long\n")
    monkeypatch.setattr(check, "ROOT", tmp_path)
    monkeypatch.setattr(check, "REPORTS", tmp_path / "var")
    return tmp_path


def test_each_test_runs_in_one_part(suite: Path, capfd: pytest.CaptureFixture[str]) -> None:
    times: dict[str, float] = {}
    assert check.test(["-s"], times) == 0
    output, told = capfd.readouterr()
    assert "slipway: tests: 3 passed" in told
    assert output.count("on a host") == 1
    assert list(times) == ["unit tests", "slow tests", "the rest of the rehearsal"]


def test_a_failure_of_the_rehearsal_fails_it_all_and_is_shown(suite: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (suite / "test_host.py").write_text(FILES["test_host.py"].replace("print('on a host')", "assert not 'on a host'"))
    assert check.test([], {}) == 1
    assert "assert not 'on a host'" in capfd.readouterr().out


WAITS = """
import pathlib, time, pytest
@pytest.fixture
def host():
    pathlib.Path("up").touch()
    yield
    pathlib.Path("up").rename("down")
@pytest.mark.slow
@pytest.mark.rehearsal
def test_here(host): time.sleep(100)
"""


def test_an_interrupt_lets_the_rehearsal_take_down_its_host(suite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (suite / "test_host.py").write_text(WAITS)

    def interrupted(*_: object) -> int:
        while not (suite / "up").exists():
            time.sleep(0.05)
        raise check.Terminated

    monkeypatch.setattr(check, "run", interrupted)
    with pytest.raises(check.Terminated):
        check.test([], {})
    assert (suite / "down").exists()
