"""containers/registry.py: pushing an image to a registry."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from containers.docker import docker
from containers.temporary_registry import temporary_registry
from tests.images.conftest import built
from workstation.paths import ROOT

pytestmark = pytest.mark.slow


def push(name: str, registry: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tools.images", "push", name, registry]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)


@pytest.fixture(scope="module")
def registry() -> Iterator[str]:
    """The address of an empty registry."""
    built("host")  # Debian's registry is in it
    with temporary_registry("push") as found:
        yield found.published


def test_what_is_pushed_can_be_pulled_by_its_digest(image: str, registry: str) -> None:
    before = docker("image", "ls", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}}")
    done = push("api", registry)
    assert done.returncode == 0, done.stderr
    reference = done.stdout.strip()
    assert re.fullmatch(rf"{re.escape(registry)}/slipway-api@sha256:[0-9a-f]{{64}}", reference)
    docker("pull", "--quiet", reference)
    identity = docker("image", "inspect", "--format", "{{.Id}}", reference)
    assert identity == docker("image", "inspect", "--format", "{{.Id}}", image)
    docker("rmi", "--no-prune", reference)
    after = docker("image", "ls", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}}")
    assert {line for line in after.splitlines() if registry in line} == set()
    assert image in before
    assert image in after


def test_a_second_push_gives_the_same_digest(image: str, registry: str) -> None:
    assert push("api", registry).stdout == push("api", registry).stdout != ""


def test_the_page_of_a_job_tells_the_digest(
    image: str, registry: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    assert push("api", registry).stdout.strip() in (tmp_path / "summary.md").read_text()


@pytest.mark.parametrize(
    ("name", "address", "wanted"),
    [
        ("api", "127.0.0.1:1", "127.0.0.1:1 refused"),
        ("api", "", "REGISTRY='': wanted the address of a registry"),
        ("api", "someone", "REGISTRY='someone': wanted the address of a registry"),
        ("nothing", "127.0.0.1:1", "`make images` builds it"),
    ],
)
def test_a_failed_push_prints_one_sentence(image: str, name: str, address: str, wanted: str) -> None:
    done = push(name, address)
    assert done.returncode == 1
    assert done.stdout == ""
    assert wanted in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
