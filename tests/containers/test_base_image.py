"""containers/base_image.py"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from containers import base_image
from tests.containers.conftest import FakeDocker
from workstation.errors import CommandError


@pytest.fixture(autouse=True)
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing is known from before, and the cache is empty."""
    monkeypatch.delenv("BASE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    base_image.base_image.cache_clear()
    yield
    base_image.base_image.cache_clear()


def test_the_variable_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BASE", "debian:mine")
    assert base_image.base_image() == "debian:mine"


def test_the_engines_own_copy_is_used_before_anything_is_pulled(fake_docker: FakeDocker) -> None:
    fake_docker(f'[ "$*" = "image inspect {base_image.PULLED}" ]')
    assert base_image.base_image() == base_image.PULLED


def test_debians_image_is_pulled(fake_docker: FakeDocker) -> None:
    fake_docker('[ "$1" = pull ]')
    assert base_image.base_image() == base_image.PULLED


def test_where_no_registry_answers_the_image_that_was_made_before_is_used(fake_docker: FakeDocker) -> None:
    fake_docker(f'[ "$*" = "image inspect {base_image.MADE}" ]')
    assert base_image.base_image() == base_image.MADE


def test_mmdebstrap_that_fails_ends_nobody_else(
    fake_docker: FakeDocker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_docker('[ "$1" = import ]')
    program = tmp_path / "programs" / "mmdebstrap"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nkill -HUP 0\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    with pytest.raises(CommandError, match="mmdebstrap ended with exit code -1"):
        base_image.base_image()
