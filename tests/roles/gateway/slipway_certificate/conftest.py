"""A root folder with the settings of a host."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from roles.gateway.files.slipway_certificate import renewal
from roles.gateway.files.slipway_certificate.settings import Paths, Settings

DOMAIN = "x.example.com"
DIRECTORY = "https://acme.example.com/dir"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
Renew = Callable[..., tuple[bool, str]]


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path)


@pytest.fixture
def renew(paths: Paths) -> Renew:
    """Run the command with `local`, or other settings."""

    def run(
        now: datetime = NOW,
        *,
        tls: str = "local",
        domain: str = DOMAIN,
        directory: str = DIRECTORY,
        offline: bool = False,
    ) -> tuple[bool, str]:
        return renewal.renew(Settings(tls, domain, directory, ""), paths, now, offline=offline)

    return run
