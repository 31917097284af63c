"""containers/cleanup.py"""

from pathlib import Path

import pytest

from containers import cleanup
from tests.containers.conftest import FakeDocker

# Two containers and a volume are there; every other call is written down.
SCRIPT = """
case "$1 $2" in
"container ls") echo one; echo two;;
"network ls") ;;
"volume ls") echo data;;
*) echo "$@" >>"$CALLS";;
esac
"""


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fake_docker: FakeDocker) -> Path:
    fake_docker(SCRIPT)
    path = tmp_path / "calls"
    monkeypatch.setenv("CALLS", str(path))
    return path


def test_all_that_meets_the_condition_is_removed_containers_first(calls: Path) -> None:
    assert cleanup.remove("name=slipway-0123abcd-") == {"container": 2, "volume": 1}
    assert calls.read_text().splitlines() == ["container rm --force --volumes one two", "volume rm --force data"]


def test_what_tests_left_is_counted(calls: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cleanup.remove_leftovers_of_tests()
    assert "removed 2 container(s) that tests left behind" in capsys.readouterr().err
