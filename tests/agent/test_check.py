"""agent/check.py: what is asked of a version before it is installed."""

import shutil
from pathlib import Path

import pytest

from tests.agent.machines import ROOT, Machine
from tests.agent.remotes import Remote


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """Another version of the agent."""
    shutil.copytree(ROOT / "agent", tmp_path / "lib" / "agent", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "lib"


def test_a_version_that_can_start_here_changes_nothing(machine: Machine, remote: Remote) -> None:
    remote.commit({"site.yml": "exit 0\n"})
    machine.agent("run")
    before = machine.paths.state.read_bytes()
    assert machine.agent("check") == (0, "")
    assert machine.paths.state.read_bytes() == before


def test_a_host_that_nothing_is_known_of_is_no_fault_of_the_agent(machine: Machine) -> None:
    machine.paths.host.unlink()
    assert machine.agent("check") == (0, "")
    assert not machine.paths.data.exists()


@pytest.mark.parametrize("module", ["apply", "repository", "process_tree", "report"])
def test_a_module_that_is_imported_late_is_looked_at(machine: Machine, library: Path, module: str) -> None:
    with (library / "agent" / f"{module}.py").open("a") as file:
        file.write("import nosuch\n")
    assert machine.agent("check", agent=library)[0] == 1


def test_a_version_that_cannot_read_the_state_or_the_host_fails(
    machine: Machine, remote: Remote, library: Path
) -> None:
    remote.commit({"site.yml": "exit 0\n"})
    machine.agent("run")
    for name, old, new in (("state", "applied_at: float", "applied_at: str"), ("host", 'vault: str = ""', "key: str")):
        path = library / "agent" / f"{name}.py"
        text = path.read_text()
        path.write_text(text.replace(old, new))
        assert machine.agent("check", agent=library)[0] == 1, name
        path.write_text(text)
    assert machine.agent("check", agent=library)[0] == 0


def test_a_run_of_the_version_before_is_told_and_runs_everything_once(machine: Machine, remote: Remote) -> None:
    remote.commit({"site.yml": "exit 0\n"})
    machine.agent("run")
    for runs in (2, 2):
        code, output = machine.agent("run", SLIPWAY_PULL_FALLBACK="ImportError: no")
        assert (code, len(machine.calls())) == (0, runs)
        assert ("the installed agent cannot start (ImportError: no)" in output) == (runs == 2 and "applying" in output)
        code, shown = machine.agent("status")
        assert (code, shown.split()[1]) == (1, "fallback")
        assert "so the previous version runs: ImportError: no" in shown
    machine.agent("run")
    assert machine.agent("status")[0] == 0
