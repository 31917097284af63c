"""rehearsal/servers.py: the registry's storage does not grow for ever."""

from pathlib import Path

import pytest

from rehearsal import servers
from rehearsal.checkout import Checkout


@pytest.fixture
def layers(checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(servers, "docker", lambda *_: "")
    monkeypatch.setattr(servers, "MOST_BYTES", 5)
    (checkout.layers / "blobs").mkdir(parents=True)
    return checkout.layers


def test_few_layers_stay(checkout: Checkout, layers: Path) -> None:
    (layers / "blobs" / "data").write_text("12345")
    assert not servers.trim(checkout)
    assert layers.exists()


def test_too_many_go_but_not_under_a_registry(
    checkout: Checkout, layers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (layers / "blobs" / "data").write_text("123456")
    with monkeypatch.context() as patch:
        patch.setattr(servers, "docker", lambda *_: "a registry of another checkout")
        assert not servers.trim(checkout)
    assert servers.trim(checkout)
    assert not layers.exists()
