"""Rules for every file of the repository."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tools import client_key

ROOT = Path(__file__).resolve().parents[2]
Tracked = Callable[[str], list[Path]]
# Folders of one computer. In pieces, so that this file does not match itself.
MACHINE = re.compile("|".join(("/" + name + r"/\w") for name in ("work", "home", "Users", "root")))
REGISTRIES = re.compile(
    "|".join(("pypi" + r"\.org", "files.python" + "hosted", "proxy.golang" + r"\.org", "registry-1" + r"\."))
)
# A client's key, as tools/client_key.py makes it. Its sha256 belongs into environments/, the key itself nowhere.
CLIENT_KEY = re.compile("slip" + "_[A-Za-z0-9_-]{43}")
GENERATED = {"go.sum", "LICENSE"}


@pytest.fixture
def texts(tracked: Tracked) -> dict[str, str]:
    paths = [path for path in tracked("*") if path.name not in GENERATED]
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8", errors="replace") for path in paths}


def test_no_file_names_a_place_on_one_machine(texts: dict[str, str]) -> None:
    found = [f"{name}: {match[0]}" for name, text in texts.items() if (match := MACHINE.search(text))]
    assert not found


def test_no_file_names_the_host_of_a_package_registry(texts: dict[str, str]) -> None:
    found = [f"{name}: {match[0]}" for name, text in texts.items() if (match := REGISTRIES.search(text))]
    assert not found


def test_no_file_holds_the_key_of_a_client(texts: dict[str, str]) -> None:
    assert CLIENT_KEY.fullmatch(client_key.make())
    assert [name for name, text in texts.items() if CLIENT_KEY.search(text)] == []


def test_the_readme_stays_under_120_lines_and_shows_every_folder(texts: dict[str, str], tracked: Tracked) -> None:
    readme = texts["README.md"]
    assert len(readme.splitlines()) < 120
    folders = {path.relative_to(ROOT).parts[0] for path in tracked("*") if path.parent != ROOT}
    shown = set(re.findall(r"^\| `([a-z]+)/`", readme, re.MULTILINE))
    assert {folder for folder in folders if not folder.startswith(".")} <= shown


def test_links_between_documents_lead_somewhere(tracked: Tracked) -> None:
    for path in tracked("*.md"):
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text()):
            assert (path.parent / target).exists(), f"{path.relative_to(ROOT)}: {target}"


def test_the_licence_is_apache_2(texts: dict[str, str]) -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert 'license = "Apache-2.0"' in texts["pyproject.toml"]
