"""rehearsal/progress.py"""

import io
import re

import pytest

from rehearsal.progress import ERASE, Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_step_prints_its_result_and_its_time() -> None:
    stream = io.StringIO()
    progress = Progress(stream)
    with progress.step("booting"):
        progress.news("booting: systemd")
        progress.news("booting: systemd")
        progress.result("up")
    with progress.step("asking"):
        pass
    lines = [re.sub(r"\d\.\d s", "0.0 s", line) for line in stream.getvalue().splitlines()]
    assert lines == [
        "slipway: booting ...",
        "slipway: booting: systemd ...",
        "slipway: booting: up (0.0 s)",
        "slipway: asking ...",
        "slipway: asking (0.0 s)",
    ]


def test_on_a_terminal_what_is_under_way_stays_on_one_line() -> None:
    stream = Terminal()
    progress = Progress(stream)
    with progress.step("booting"):
        progress.news("booting: systemd")
    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().startswith(f"{ERASE}slipway: booting ...{ERASE}slipway: booting: systemd ...{ERASE}")


def test_a_failed_step_is_not_printed_as_done() -> None:
    stream = io.StringIO()
    with pytest.raises(ZeroDivisionError), Progress(stream).step("booting"):
        raise ZeroDivisionError
    assert stream.getvalue() == "slipway: booting ...\n"
