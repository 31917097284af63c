"""tools/dev.py: `make dev` in a fresh clone."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools import dev

pytestmark = pytest.mark.slow


@pytest.fixture
def usual_port_taken() -> Iterator[None]:
    """Listen on port 8000, unless somebody does already."""
    with socket.socket() as sock:
        with contextlib.suppress(OSError):
            sock.bind(("127.0.0.1", 8000))
            sock.listen()
        yield


@contextlib.contextmanager
def make_dev(clone: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Run `make dev` in a process group of its own, as a terminal does, and kill the group at the end."""
    process = subprocess.Popen(
        ["make", "dev"],
        cwd=clone,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        with process:
            yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def read_until(process: subprocess.Popen[str], wanted: str) -> list[str]:
    assert process.stdout
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if re.search(wanted, line):
            return lines
    raise AssertionError("".join(lines))


def test_the_line_that_it_prints_works_when_pasted_and_ctrl_c_ends_it_all(
    clone: Path, environment: dict[str, str], usual_port_taken: None
) -> None:
    with make_dev(clone, environment) as process:
        output = read_until(process, r"^  curl ")
        answer = subprocess.run(["sh", "-c", output[-1]], check=True, stdout=subprocess.PIPE, text=True).stdout
        assert json.loads(answer)["predictions"][0] > 0
        assert json.loads(answer)["version"] == "1"
        (url,) = set(re.findall(r"http://127\.0\.0\.1:\d+", output[-1]))
        assert not url.endswith(":8000")
        # Each step prints its time.
        assert sum(bool(re.search(r"done in \d+\.\d+ s$", line)) for line in output) == 5

        os.killpg(process.pid, signal.SIGINT)
        rest = process.stdout.read() if process.stdout else ""
        process.wait()
    assert "stopped" in rest
    assert "Traceback" not in rest
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url, timeout=5)
    status = subprocess.run(["git", "status", "--porcelain", "var"], cwd=clone, check=True, stdout=subprocess.PIPE)
    assert status.stdout == b""


def test_ctrl_c_is_the_usual_end_and_no_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(dev, "serve", interrupted)
    dev.main("serve")
    assert capsys.readouterr().err == "slipway: stopped\n"
