import os
from pathlib import Path

import pytest

from bench.gateway import __main__ as program
from bench.gateway import h2load, served
from rehearsal.checkout import Checkout
from workstation.errors import CommandError


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        program.main(["--help"])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    options = ("--seconds", "--rounds", "--rows", "--mode", "--peer", "--patience", "--port")
    assert all(option in printed for option in options)


def test_a_host_that_is_not_up_exits_with_2_and_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(h2load, "require", lambda: "h2load")
    monkeypatch.setattr(served, "inspect", lambda kind, name: None)
    monkeypatch.setattr(program, "Checkout", lambda: Checkout(tmp_path))
    assert program.main([]) == 2
    captured = capsys.readouterr()
    assert "`make up`" in captured.err
    assert captured.out == ""


def test_only_root_enters_the_network_of_the_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "process", lambda _: 1)
    monkeypatch.setattr(os, "readlink", str)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(CommandError, match="as root"):
        served.enter(Checkout(tmp_path), [])
