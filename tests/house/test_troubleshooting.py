"""The messages that docs/troubleshooting.md explains are those that our programs print."""

import re

import pytest

from tests.house.documents import ROOT

PAGE = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
# The words of Docker, of MLflow and of the system.
FOREIGN = ("bind source path does not exist", "No space left on device", "not found")


def messages() -> list[str]:
    """The messages in the first column of the tables of `make up` and of a release."""
    sections = PAGE.split("\n## ")[1:3]
    rows = [line.split("|")[1] for section in sections for line in section.splitlines() if line.startswith("| `")]
    return [message for row in rows for message in re.findall(r"`([^`]+)`", row)]


def fragments(message: str) -> list[str]:
    """The parts of a message between what a program fills in: `...`, numbers, names of files."""
    parts = re.split(r"\.\.\.|\d+|[\w.]+\.(?:json|yml)|MLmodel|models:/|/run/\S+|: ", message)
    return [part.strip(" :,;") for part in parts if len(part.split()) > 1]


@pytest.fixture(scope="module")
def sources() -> str:
    """All our code as one text, where a literal that goes on in the next line is joined."""
    folders = (
        "agent",
        "app",
        "containers",
        "environments",
        "images",
        "plugins",
        "rehearsal",
        "roles",
        "tools",
        "training",
    )
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".yml", ".j2")]
    text = " ".join(path.read_text(encoding="utf-8") for path in files)
    return re.sub(r"\s+", " ", re.sub(r'"\s*\n\s*f?"', "", text))


@pytest.mark.parametrize("message", messages())
def test_a_message_that_is_explained_is_one_that_is_printed(message: str, sources: str) -> None:
    for fragment in fragments(message):
        if fragment not in FOREIGN:
            assert fragment in sources, f"{message!r}: no program of ours prints {fragment!r}"
