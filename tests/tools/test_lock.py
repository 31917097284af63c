"""tools/lock.py: which options `make lock` takes."""

import subprocess

import pytest

from tools import lock


def test_options_of_uv_that_choose_versions_are_passed_on() -> None:
    assert lock.parsed(()) == []
    assert lock.parsed(("--upgrade",)) == ["--upgrade"]
    assert lock.parsed(("--upgrade-package", "flask")) == ["--upgrade-package=flask"]


@pytest.mark.parametrize("option", ["--help", "--upgrad"])
def test_what_locks_nothing_starts_nothing(option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("it locks"))
    with pytest.raises(SystemExit):
        lock.main(option)
