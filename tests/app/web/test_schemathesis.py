"""Schemathesis holds the server to /openapi.json: examples, limits, valid and invalid data for every operation."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.app.conftest import Server
from tests.app.exposition import scrape

EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "15")


@pytest.mark.long
def test_every_operation_keeps_its_promises(served: Server, tmp_path: Path) -> None:
    command = ["run", f"{served.url}/openapi.json", "--checks", "all", "--max-examples", EXAMPLES, "--no-color"]
    # From a folder of its own: it leaves its cache where it runs.
    ended = subprocess.run(
        [Path(sys.executable).with_name("schemathesis"), *command, "--generation-deterministic"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stdout
    assert "No issues found" in ended.stdout
    assert scrape(served).total("prediction_errors_total", reason="internal") == 0
    assert not [entry for entry in served.log if "exception" in entry]
