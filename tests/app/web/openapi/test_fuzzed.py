from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.app.conftest import Server

PHASES = "examples,coverage,fuzzing"


@pytest.mark.long
def test_schemathesis_finds_no_difference_between_document_and_server(
    start: Callable[..., Server], bundle: Path, odd_bundle: Path, tmp_path: Path
) -> None:
    models = f"california@7={bundle},odd@1.2={odd_bundle}"
    # Few rows, so that bodies at and over the limit stay small.
    server = start(SLIPWAY_MODELS=models, SLIPWAY_DEFAULT_MODEL="california", SLIPWAY_MAX_ROWS="20")
    program = Path(sys.executable).with_name("schemathesis")
    options = ["--phases", PHASES, "--max-examples", "30", "--generation-deterministic", "--continue-on-failure"]
    # A version in the path leads to the same place.
    options += ["--exclude-path-regex", "/versions/"]
    done = subprocess.run(
        [program, "run", f"{server.url}/openapi.json", *options, "--no-color"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No issues found" in done.stdout
