"""The messages that docs/troubleshooting.md explains are those that our programs print."""

import re

import pytest
import yaml

from tests.house.documents import ROOT

PAGE = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
# The words of Docker, of MLflow and of the system.
FOREIGN = ("bind source path does not exist", "No space left on device", "not found")


def messages() -> list[str]:
    """The messages in the first column of all tables."""
    rows = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `")]
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
    # A program of a role has no suffix.
    kinds = (".py", ".yml", ".j2", "")
    files = [
        path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file() and path.suffix in kinds
    ]
    text = " ".join(path.read_text(encoding="utf-8") for path in files)
    return re.sub(r"\s+", " ", re.sub(r'"\s*\n\s*f?"', "", text))


@pytest.mark.parametrize("message", messages())
def test_a_message_that_is_explained_is_one_that_is_printed(message: str, sources: str) -> None:
    for fragment in fragments(message):
        if fragment not in FOREIGN:
            assert fragment in sources, f"{message!r}: no program of ours prints {fragment!r}"


def test_the_errors_of_the_gateway_are_those_of_its_role() -> None:
    settings = yaml.safe_load((ROOT / "roles" / "gateway" / "vars" / "main.yml").read_text(encoding="utf-8"))
    errors = [(status, code, message) for status, (code, message) in settings["_gateway_errors"].items()]
    errors.append((503, "not_ready", settings["_gateway_unreleased"]))
    printed = {(status, code, re.sub(r"{{.*?}}", "...", message)) for status, code, message in errors}
    rows = [[cell.strip(" `") for cell in line.split("|")[1:4]] for line in PAGE.splitlines()]
    assert {(int(row[0]), row[1], row[2]) for row in rows if row and row[0].isdigit()} == printed
