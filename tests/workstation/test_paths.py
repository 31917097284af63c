"""workstation/paths.py"""

from pathlib import Path

import pytest

from workstation import paths


def test_the_root_is_the_checkout() -> None:
    assert (paths.ROOT / "Makefile").is_file()


def test_the_cache_is_made_where_the_user_keeps_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert paths.cache() == tmp_path / "cache" / "slipway"
    assert paths.cache().is_dir()


def test_two_checkouts_have_two_names(monkeypatch: pytest.MonkeyPatch) -> None:
    first = paths.identity()
    monkeypatch.setattr(paths, "ROOT", paths.ROOT / "another")
    assert len(first) == 8
    assert paths.identity() != first
