"""Assertions that several tests of the chain share."""

import subprocess
import time

import pytest

from bench.answers import TOLERANCE
from rehearsal.gateway import ask
from rehearsal.remote import RELEASE, Remote
from tests.rehearsal.chain import Chain, rows, xgboosts_own

# Ends a test that would wait for ever.
IN_SYNC_WITHIN_SECONDS = 300


def predictions(chain: Chain, wanted: list[list[float]]) -> tuple[str, list[float]]:
    """Return the version that is being served, and its predictions."""
    status, answer = ask(chain.checkout, f"{chain.status()['url']}/predict", {"features": wanted})
    assert status == 200, answer
    return answer["version"], answer["predictions"]


def served_by(chain: Chain, version: str) -> None:
    """Assert that this version is being served, by its predictions."""
    asked = rows(chain.bundle("1"))
    named, given = predictions(chain, asked)
    assert named == version
    assert given == pytest.approx(xgboosts_own(chain.bundle(version), asked), rel=TOLERANCE, abs=TOLERANCE)


def in_sync(chain: Chain) -> None:
    """Wait until the agent has polled and repaired what a test left: it reports a restart for one poll."""
    deadline = time.monotonic() + IN_SYNC_WITHIN_SECONDS
    while (state := chain.status()["agent"]["state"]) != "in sync":
        assert time.monotonic() < deadline, state
        time.sleep(0.5)


def at_version_1(chain: Chain) -> None:
    """Assert that version 1 is released as `up` released it and being served, and that the agent is in sync."""
    assert chain.release() == chain.first_release
    in_sync(chain)
    served_by(chain, "1")


def restore(chain: Chain) -> None:
    """Release version 1 as `up` released it, and start what does not run."""
    Remote(chain.checkout).change({RELEASE: chain.first_release}, "Restore version 1\n")
    chain.make("up")


def refused(chain: Chain, output: str, *reasons: str) -> None:
    """Assert that a release failed for a reason in one line, and that version 1 keeps serving."""
    served_by(chain, "1")
    status = subprocess.run(
        ["docker", "exec", chain.host, "slipway-pull", "status"], check=False, stdout=subprocess.PIPE, text=True
    )
    assert status.returncode == 1
    reason = next(line for line in status.stdout.splitlines() if line.startswith("reason"))
    for text in (reason, output):
        assert all(part in text for part in reasons), text
    assert "california 1 keeps serving" in output
