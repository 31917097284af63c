"""The pull agent of this commit is what runs next once it is proved; until then, and if it is cut off, the old one."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from plugins.modules import slipway_agent
from workstation.paths import ROOT

LAUNCHER = ROOT / "roles" / "pull" / "files" / "slipway-pull"
AGENT = """
def main(arguments):
    if arguments != ["check"]:
        print({text!r})
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout" / "agent"
    (folder / "callback").mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    say(folder, "first")
    (folder / "callback" / "report.py").write_text("x = 1\n")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "cli.pyc").write_bytes(b"old")
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where it is installed, with the launcher beside it."""
    folder = tmp_path / "lib"
    folder.mkdir()
    (folder / "slipway-pull").write_text(LAUNCHER.read_text().replace("/usr/local/lib/slipway", str(folder)))
    return folder


def say(source: Path, text: str) -> None:
    """Write another version of the agent."""
    (source / "cli.py").write_text(AGENT.format(text=text))


def run_command(words: list[str]) -> tuple[int, str, str]:
    """As an Ansible module has it."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def install(source: Path, folder: Path) -> str:
    files = slipway_agent.sources(str(source))
    name: str = slipway_agent.version(files)
    slipway_agent.install(files, str(folder), name, run_command)
    return name


def is_installed(source: Path, folder: Path) -> bool:
    files = slipway_agent.sources(str(source))
    return bool(slipway_agent.is_installed(files, str(folder), slipway_agent.version(files), run_command))


def output(folder: Path) -> str:
    return run(folder).stdout.strip()


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(folder / "slipway-pull"), "run"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_link_linked_version_the_sources_and_their_bytecode(source: Path, folder: Path) -> None:
    name = install(source, folder)
    assert os.readlink(folder / "agent") == f"versions/{name}/agent"
    assert slipway_agent.sources(str(folder / "agent")) == slipway_agent.sources(str(source))
    compiled = [path.name for path in (folder / "agent").rglob("*.pyc")]
    assert len(compiled) == 3
    assert output(folder) == "first"


def test_its_errors_name_the_place_where_it_is_installed(source: Path, folder: Path) -> None:
    (source / "cli.py").write_text("def main(arguments):\n    if arguments != ['check']:\n        raise ValueError\n")
    name = install(source, folder)
    assert f'File "{folder}/versions/{name}/agent/cli.py", line 3' in run(folder).stderr


def test_the_version_before_stays_and_older_ones_go(source: Path, folder: Path) -> None:
    names = []
    for text in ("first", "second", "third"):
        say(source, text)
        names.append(install(source, folder))
        assert output(folder) == text
    assert sorted(path.name for path in (folder / "versions").iterdir()) == sorted(names[1:])
    assert slipway_agent.linked_version(str(folder / "previous")) == names[1]


BROKEN = {
    "a syntax error": "print(\n",
    "an import that fails": "import nosuch\n",
    "a check that fails": "def main(arguments):\n    raise ValueError('state.json cannot be read')\n",
    "a check that ends badly": "import sys\ndef main(arguments):\n    sys.exit('no')\n",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_what_cannot_start_is_not_installed(source: Path, folder: Path, text: str) -> None:
    install(source, folder)
    (source / "cli.py").write_text(text)
    for _ in range(2):
        with pytest.raises(
            OSError, match=r"a file of the agent cannot be compiled|cannot start on this host; the installed"
        ):
            install(source, folder)
        assert output(folder) == "first"
        assert run(folder).stderr == ""


@pytest.mark.parametrize(
    "text", ["import nosuch\n", "def main(arguments):\n    raise ValueError('broken')\n", "print("]
)
def test_the_launcher_falls_back_to_the_version_before_and_says_so(source: Path, folder: Path, text: str) -> None:
    """As when a file was damaged since, or what the check cannot see went wrong."""
    install(source, folder)
    say(source, "second")
    install(source, folder)
    damage(folder, text)
    done = run(folder)
    assert (done.returncode, done.stdout) == (0, "first\n")
    assert "the installed agent cannot start; starting the previous version" in done.stderr
    assert not is_installed(source, folder)
    install(source, folder)
    assert (output(folder), run(folder).stderr) == ("second", "")
    assert is_installed(source, folder)


def damage(folder: Path, text: str) -> None:
    """Change what is installed, with its bytecode, which nothing compares with it."""
    (folder / "agent" / "cli.py").write_text(text)
    for path in (folder / "agent" / "__pycache__").glob("cli.*"):
        path.unlink()


def test_the_launcher_tells_the_version_before_why_it_runs(source: Path, folder: Path) -> None:
    (source / "cli.py").write_text(
        "import os\ndef main(arguments):\n    print(os.environ.get('SLIPWAY_PULL_FALLBACK', 'by itself'))\n"
    )
    install(source, folder)
    assert output(folder) == "by itself"
    say(source, "second")
    install(source, folder)
    damage(folder, "import nosuch\n")
    assert output(folder) == "ModuleNotFoundError: No module named 'nosuch'"


def test_a_version_before_that_cannot_start_either_is_not_started_for_ever(source: Path, folder: Path) -> None:
    install(source, folder)
    say(source, "second")
    install(source, folder)
    for link in ("agent", "previous"):
        for path in (folder / link).rglob("cli.*"):
            path.unlink()
    assert run(folder).returncode == 1


def test_torn_bytecode_is_repaired_beside_what_is_there(source: Path, folder: Path) -> None:
    name = install(source, folder)
    for path in (folder / "agent").rglob("cli.*.pyc"):
        path.write_bytes(path.read_bytes()[:20])
    assert not is_installed(source, folder)
    install(source, folder)
    assert output(folder) == "first"
    assert os.readlink(folder / "agent") == f"versions/{name}-again/agent"
    assert is_installed(source, folder)


def test_an_edited_file_is_put_back(source: Path, folder: Path) -> None:
    install(source, folder)
    (folder / "agent" / "cli.py").write_text("print('edited')\n")
    assert not is_installed(source, folder)
    install(source, folder)
    assert output(folder) == "first"


def test_what_was_cut_off_does_not_hinder_the_next(source: Path, folder: Path) -> None:
    name = slipway_agent.version(slipway_agent.sources(str(source)))
    (folder / "versions" / f"{name}.new" / "agent").mkdir(parents=True)
    (folder / "agent.new").symlink_to("nowhere")
    (folder / "agent").mkdir()
    install(source, folder)
    assert output(folder) == "first"
    assert sorted(path.name for path in (folder / "versions").iterdir()) == [name]


KILLED = """
import subprocess, sys
sys.path[:0] = [{root!r}]
from plugins.modules import slipway_agent
from workstation.paths import ROOT
from tests.kills import kill_at

def run_command(words):
    done = subprocess.run(words, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr

files = slipway_agent.sources({source!r})
kill_at(int(sys.argv[1]))
slipway_agent.install(files, {folder!r}, slipway_agent.version(files), run_command)
"""


def killed(source: Path, folder: Path, event: int) -> bool:
    """Install, killed before the event of this number; return whether it came so far."""
    script = KILLED.format(root=str(ROOT), source=str(source), folder=str(folder))
    done = subprocess.run([sys.executable, "-c", script, str(event)], check=False, capture_output=True, text=True)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode != 0


def test_killed_between_any_two_writes_there_is_an_agent_that_starts(source: Path, folder: Path) -> None:
    install(source, folder)
    say(source, "second")
    event = 0
    while killed(source, folder, event):
        done = run(folder)
        assert (done.stdout.strip() in ("first", "second"), done.stderr) == (True, ""), f"killed at {event}"
        event += 1
    assert event > 20
    assert output(folder) == "second"
    assert is_installed(source, folder)
    assert len(list((folder / "versions").iterdir())) == 2


def test_any_change_is_another_version(source: Path) -> None:
    before = slipway_agent.version(slipway_agent.sources(str(source)))
    (source / "callback" / "report.py").rename(source / "callback" / "renamed.py")
    assert slipway_agent.version(slipway_agent.sources(str(source))) != before
