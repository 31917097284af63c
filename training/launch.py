"""Starts a training in a new process, for `make dev`, the rehearsal and tests. Uses the standard library only."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


class LaunchError(Exception):
    """The training failed with the exit code `code`. Its progress has the reason."""

    def __init__(self, code: int) -> None:
        super().__init__(f"training ended with code {code}")
        self.code = code


def run(
    *settings: str, variables: Mapping[str, str] | None = None, report: Callable[[str], None] | None = None
) -> dict[str, Any]:
    """Train with `key=value` settings and return the result that `python -m training` prints. Raises LaunchError.

    `variables` are added to this process's environment; an empty one counts as unset. `report` gets each line of
    progress; without it, progress goes to stderr.
    """
    with subprocess.Popen(  # noqa: S603 our own program, and no shell
        [sys.executable, "-m", "training", *settings],
        cwd=ROOT,
        env={**os.environ, **(variables or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if report else None,
        text=True,
    ) as process:
        try:
            result = _follow(process, report)
        except BaseException:
            # The training must end even if the signal reaches this process alone.
            process.terminate()
            process.wait()
            raise
    if process.returncode:
        raise LaunchError(process.returncode)
    trained: dict[str, Any] = json.loads(result.strip().splitlines()[-1])
    return trained


def _follow(process: subprocess.Popen[str], report: Callable[[str], None] | None) -> str:
    """Pass the progress on until the process ends, and return its stdout."""
    for line in process.stderr or ():
        if report:
            report(line.rstrip("\n"))
    return process.stdout.read() if process.stdout else ""
