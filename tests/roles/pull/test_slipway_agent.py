"""The agent that runs next is this commit's, whole, and the one that runs now stays."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible.modules import slipway_agent


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout" / "agent"
    (folder / "callback").mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "cli.py").write_text("print('first')\n")
    (folder / "callback" / "report.py").write_text("x = 1\n")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "cli.pyc").write_bytes(b"old")
    return folder


def install(source: Path, folder: Path) -> str:
    files = slipway_agent.sources(str(source))
    name: str = slipway_agent.version(files)
    slipway_agent.install(files, str(folder), name)
    return name


def said(folder: Path) -> str:
    return run(folder).stdout.strip()


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "import agent.cli"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_link_leads_to_the_sources_and_their_bytecode(source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "lib"
    name = install(source, folder)
    assert os.readlink(folder / "agent") == f"versions/{name}/agent"
    assert slipway_agent.sources(str(folder / "agent")) == slipway_agent.sources(str(source))
    compiled = [path.name for path in (folder / "agent").rglob("*.pyc")]
    assert len(compiled) == 3
    assert said(folder) == "first"


def test_its_errors_name_the_place_where_it_is_installed(source: Path, tmp_path: Path) -> None:
    (source / "cli.py").write_text("raise ValueError\n")
    folder = tmp_path / "lib"
    install(source, folder)
    assert f'File "{folder}/agent/cli.py", line 1' in run(folder).stderr


def test_the_version_before_stays_and_older_ones_go(source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "lib"
    names = []
    for text in ("first", "second", "third"):
        (source / "cli.py").write_text(f"print({text!r})\n")
        names.append(install(source, folder))
        assert said(folder) == text
    assert sorted(path.name for path in (folder / "versions").iterdir()) == sorted(names[1:])


def test_an_edited_file_is_put_back(source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "lib"
    install(source, folder)
    (folder / "agent" / "cli.py").write_text("print('edited')\n")
    install(source, folder)
    assert said(folder) == "first"


def test_what_was_cut_off_does_not_hinder_the_next(source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "lib"
    name = slipway_agent.version(slipway_agent.sources(str(source)))
    (folder / "versions" / f"{name}.new" / "agent").mkdir(parents=True)
    (folder / "agent.new").symlink_to("nowhere")
    (folder / "agent").mkdir()
    install(source, folder)
    assert said(folder) == "first"
    assert sorted(path.name for path in (folder / "versions").iterdir()) == [name]


def test_what_cannot_be_compiled_is_not_installed(source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "lib"
    install(source, folder)
    (source / "cli.py").write_text("print(\n")
    with pytest.raises(OSError, match="not all of it can be compiled"):
        install(source, folder)
    assert said(folder) == "first"


def test_any_change_is_another_version(source: Path) -> None:
    before = slipway_agent.version(slipway_agent.sources(str(source)))
    (source / "callback" / "report.py").rename(source / "callback" / "renamed.py")
    assert slipway_agent.version(slipway_agent.sources(str(source))) != before
