"""rehearsal/releases.py: what a person is told after a release that failed. test_chain.py makes real ones."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from rehearsal.releases import NOTHING, Releases


@pytest.mark.parametrize(
    ("before", "now", "message"),
    [
        (
            "california 1",
            "california 1",
            "california 1 keeps serving. The host keeps trying the new release until `make",
        ),
        ("california 1", "california 2", "california 2 is being served; before, it was california 1. The host keeps"),
        ("california 1", NOTHING, "nothing is being served; before, it was california 1. The host keeps trying"),
        # There is nothing to roll back to.
        (NOTHING, NOTHING, "nothing is being served yet. The host keeps trying this release until `make release` rep"),
    ],
)
def test_a_failed_release_tells_what_is_served_and_what_to_do(before: str, now: str, message: str) -> None:
    releases: Any = SimpleNamespace(serving=lambda: now)
    assert Releases.outcome(cast(Releases, releases), before).startswith(message)
