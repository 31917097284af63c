"""rehearsal/down.py. These tests run after all tests that need a host."""

import pytest

from containers.docker import docker
from tests.rehearsal.chain import Chain

pytestmark = [pytest.mark.slow(at="end"), pytest.mark.rehearsal, pytest.mark.timeout(900)]


def test_down_leaves_nothing(booted: Chain) -> None:
    booted.make("down")
    for kind in ("container", "network", "volume"):
        listing = [kind, "ls", "--quiet", "--filter", f"name={booted.checkout.named('')}"]
        assert docker(*listing, *(["--all"] if kind == "container" else [])) == ""
    assert not booted.checkout.folder.exists()
