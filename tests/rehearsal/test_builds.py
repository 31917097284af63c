"""rehearsal/builds.py: an image is built again only if its inputs changed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.builds import NAMES, inputs, step
from workstation.paths import ROOT

DOCKERFILE = """FROM base
COPY requirements/api.txt /build/
COPY images/api/*.py images/api/auth.ini /opt/
COPY --from=build /opt/app /opt/app
COPY app /opt/app
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    contents = {
        "images/api/Dockerfile": DOCKERFILE,
        "images/api/serve.py": "",
        "images/api/auth.ini": "",
        "requirements/api.txt": "a==1\n",
        "app/sub/module.py": "",
        "docs/page.md": "",
    }
    for name, content in contents.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    return tmp_path


@pytest.mark.parametrize(
    "name",
    [
        "images/api/Dockerfile",
        "images/api/serve.py",
        "images/api/auth.ini",
        "requirements/api.txt",
        "app/sub/module.py",
    ],
)
def test_what_is_copied_counts(root: Path, name: str) -> None:
    before = inputs(root, "api")
    (root / name).write_text(f"{(root / name).read_text()}# changed\n")
    assert inputs(root, "api") != before


def test_a_new_file_and_a_variable_count(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = inputs(root, "api")
    (root / "app" / "new.py").touch()
    after = inputs(root, "api")
    assert after != before
    monkeypatch.setenv("BASE", "debian:other")
    assert inputs(root, "api") != after


def test_what_is_not_copied_does_not_count(root: Path) -> None:
    before = inputs(root, "api")
    (root / "docs" / "page.md").write_text("changed")
    (root / "app" / "__pycache__").mkdir()
    (root / "app" / "__pycache__" / "module.pyc").touch()
    assert inputs(root, "api") == before


def copied() -> Iterator[tuple[str, str]]:
    for name in NAMES:
        for line in (ROOT / "images" / name / "Dockerfile").read_text().splitlines():
            words = line.split()
            if words[:1] == ["COPY"] and not words[1].startswith("--"):
                assert not line.endswith("\\"), f"{name}: {line}: wanted on one line, as rehearsal/builds.py reads it"
                yield from ((name, word) for word in words[1:-1])


def test_what_the_dockerfiles_copy_is_there() -> None:
    for name, word in copied():
        assert list(ROOT.glob(word.rstrip("/"))), f"{name}: {word}"


def test_the_step_of_a_build_comes_from_its_log(tmp_path: Path) -> None:
    log = tmp_path / "build.log"
    assert step(log) == ""
    log.write_text("slipway: building\nStep 1/9 : FROM base\n ---> 00\nStep 2/9 : RUN a\nGet: Step 7/9\n")
    assert step(log) == "2/9"
