"""What runs on a host that is looked at."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent.health import servers
from tests.agent.health.servers import Engine, Gateway, Units


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with servers.engine(tmp_path / "docker.sock") as made:
        yield made


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    with servers.gateway(tmp_path) as made:
        yield made


@pytest.fixture
def units(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Units:
    """A systemctl before the real one, for what this process starts."""
    (tmp_path / "programs").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "programs"), prepend=":")
    return Units(tmp_path / "programs", tmp_path / "units")
