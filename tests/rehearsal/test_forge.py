"""What the registry keeps between rehearsals does not grow for ever."""

from pathlib import Path

import pytest

from rehearsal import forge
from rehearsal.place import Place


@pytest.fixture
def layers(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(forge, "docker", lambda *_: "")
    monkeypatch.setattr(forge, "MOST_BYTES", 5)
    (place.layers / "blobs").mkdir(parents=True)
    return place.layers


def test_few_layers_stay(place: Place, layers: Path) -> None:
    (layers / "blobs" / "data").write_text("12345")
    assert not forge.trim(place)
    assert layers.exists()


def test_too_many_go_but_not_under_a_registry(place: Place, layers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (layers / "blobs" / "data").write_text("123456")
    with monkeypatch.context() as patch:
        patch.setattr(forge, "docker", lambda *_: "a registry of another checkout")
        assert not forge.trim(place)
    assert forge.trim(place)
    assert not layers.exists()
