"""workstation/terminal.py"""

import subprocess

import pytest

from workstation import terminal
from workstation.errors import CommandError


def test_a_message_goes_to_stderr_with_our_name(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.log("building ...")
    assert capsys.readouterr() == ("", "slipway: building ...\n")


def test_arguments_are_handed_on() -> None:
    seen: list[str] = []
    terminal.run(lambda *arguments: seen.extend(arguments), ["a", "b"])
    assert seen == ["a", "b"]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (CommandError("no engine"), "slipway: no engine"),
        (KeyboardInterrupt(), "slipway: stopped"),
        (
            subprocess.CalledProcessError(2, ["go", "install"]),
            "slipway: Command '['go', 'install']' returned non-zero exit status 2.; its own output is above",
        ),
    ],
)
def test_a_command_that_cannot_go_on_ends_with_one_line(error: BaseException, message: str) -> None:
    def main() -> None:
        raise error

    with pytest.raises(SystemExit) as ended:
        terminal.run(main, [], interrupted="stopped")
    assert ended.value.code == message
