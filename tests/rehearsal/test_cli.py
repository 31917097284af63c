"""rehearsal/cli.py"""

import pytest

from rehearsal import cli
from rehearsal.checkout import Checkout


@pytest.fixture
def nothing_up(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "Checkout", lambda: checkout)


@pytest.mark.usefixtures("nothing_up")
@pytest.mark.parametrize("command", [["status"], ["status", "--json"], ["release", "--model", "x"], ["rollback"]])
def test_where_nothing_is_up_it_says_what_to_do(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(command) == 1
    assert capsys.readouterr().err.startswith("slipway: nothing is running in this checkout: run `make up`")


@pytest.mark.usefixtures("nothing_up")
def test_a_release_has_to_name_something(checkout: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    checkout.ca.touch()
    (checkout.root / "environments" / "base.yml").write_text("domain: localhost\n")
    assert cli.main(["release"]) == 1
    assert "make release MODEL=models:/california/2" in capsys.readouterr().err


def test_every_command_is_one_that_make_has() -> None:
    makefile = (Checkout().root / "Makefile").read_text()
    for command in cli.COMMANDS:
        assert f"\n{command}: ## " in makefile
        assert f"python -m rehearsal {command}" in makefile
