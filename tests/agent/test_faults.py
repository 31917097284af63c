"""What is broken, away, lost or replaced around a run does not harm it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.agent.machines import ROOT, Machine
from tests.agent.remotes import Remote, git

pytestmark = pytest.mark.long

GOOD = {"site.yml": "exit 0\n"}
BAD = {"site.yml": "exit 1\n"}
HOUR = 3600


def test_a_remote_that_is_gone_loses_nothing(machine: Machine, remote: Remote) -> None:
    commit = remote.commit(GOOD)
    machine.agent("run")
    away = remote.url.rename(remote.url.with_name("away"))
    code, output = machine.agent("run")
    assert (code, machine.state()["applied"]) == (5, commit)
    assert f"unreachable: {remote.url} cannot be read" in output
    away.rename(remote.url)
    assert machine.agent("run")[0] == 0
    assert len(machine.calls()) == 1


def test_a_full_check_needs_no_remote(machine: Machine, remote: Remote) -> None:
    commit = remote.commit(GOOD)
    machine.agent("run")
    shutil.rmtree(remote.url)
    machine.age(7 * HOUR)
    assert machine.agent("run")[0] == 5
    assert machine.calls()[1:] == [{"commit": commit, "tags": ""}]


def test_a_host_that_never_reached_its_remote_says_so(machine: Machine, remote: Remote) -> None:
    shutil.rmtree(remote.url)
    assert machine.agent("run")[0] == 5
    assert "slipway_pull_runs_total" in machine.paths.metrics.read_text()


def test_a_lost_repository_is_fetched_again(machine: Machine, remote: Remote) -> None:
    remote.commit(GOOD)
    machine.agent("run")
    shutil.rmtree(machine.paths.repository)
    assert machine.agent("now", "--full")[0] == 0
    assert len(machine.calls()) == 2


@pytest.mark.parametrize("text", ["", "{", '{"applied": 7}', "[]", "\0\0\0\0"])
def test_a_damaged_state_is_put_aside_and_a_rewound_branch_still_refused(
    machine: Machine, remote: Remote, text: str
) -> None:
    first = remote.commit(GOOD)
    second = remote.commit(GOOD | {"new": "x"})
    machine.agent("run")
    machine.paths.state.write_text(text)
    remote.rewind(first)
    code, output = machine.agent("run")
    assert (code, machine.state()["applied"]) == (6, second)
    assert "renamed to state.json.damaged" in output
    assert machine.paths.state.with_name("state.json.damaged").read_text() == text
    remote.commit(GOOD)
    remote.rewind(second)
    assert machine.agent("run")[0] == 0
    assert machine.calls()[1:] == [{"commit": second, "tags": ""}]


def empty_a_blob(path: Path) -> None:
    """As a power cut does, in a file that no commit since has changed."""
    blob = git(path, "rev-parse", "refs/heads/applied:site.yml")
    file = path / "objects" / blob[:2] / blob[2:]
    file.chmod(0o644)
    file.write_bytes(b"")


def empty_all(path: Path) -> None:
    for file in (path / "objects").rglob("*"):
        if file.is_file():
            file.chmod(0o644)
            file.write_bytes(b"")


def lose_head(path: Path) -> None:
    (path / "HEAD").unlink()


def leave_locks(path: Path) -> None:
    for name in ("refs/heads/attempted.lock", "refs/heads/applied.lock", "refs/heads/seen.lock", "packed-refs.lock"):
        (path / name).touch()


@pytest.mark.parametrize("damage", [empty_a_blob, empty_all, lose_head, leave_locks])
@pytest.mark.parametrize("new", [True, False])
def test_a_damaged_repository_costs_no_run(
    machine: Machine, remote: Remote, damage: Callable[[Path], None], new: bool
) -> None:
    commit = remote.commit(GOOD)
    machine.agent("run")
    damage(machine.paths.repository)
    if new:
        commit = remote.commit({"new": "x"})
    code, output = machine.agent("now", "--full")
    assert (code, machine.state()["applied"]) == (0, commit), output
    git(machine.paths.repository, "fsck")


def test_a_damaged_repository_does_not_let_a_rewound_branch_pass(machine: Machine, remote: Remote) -> None:
    first = remote.commit(GOOD)
    second = remote.commit({"new": "x"})
    machine.agent("run")
    remote.rewind(first)
    empty_all(machine.paths.repository)
    for _ in range(2):
        assert machine.agent("run")[0] == 6
        assert (machine.state()["applied"], len(machine.calls())) == (second, 1)


def test_a_damaged_repository_waits_for_a_remote_that_is_away(machine: Machine, remote: Remote) -> None:
    remote.commit(GOOD)
    machine.agent("run")
    empty_all(machine.paths.repository)
    away = remote.url.rename(remote.url.with_name("away"))
    assert machine.agent("now", "--full")[0] == 5
    away.rename(remote.url)
    code, output = machine.agent("run")
    assert code == 0, output


def test_a_temporary_folder_of_a_killed_ansible_is_removed(machine: Machine, remote: Remote) -> None:
    remote.commit(GOOD)
    left = machine.paths.data / "ansible" / "tmp" / "ansible-tmp-1"
    left.mkdir(parents=True)
    machine.agent("run")
    assert not left.exists()


def test_there_is_a_report_also_where_ansible_came_to_no_task(machine: Machine, remote: Remote) -> None:
    commit = remote.commit(GOOD)
    (machine.folder / "bin" / "ansible-pull").write_text("#!/bin/sh\nexit 1\n")
    assert machine.agent("run")[0] == 1
    assert json.loads(machine.paths.report.read_text()) == {"commit": commit}


def test_a_run_that_replaces_the_agent_itself_ends_well(machine: Machine, remote: Remote, tmp_path: Path) -> None:
    """As the role `pull` does: what the run still needs must be in memory by then."""
    library = tmp_path / "lib"
    shutil.copytree(ROOT / "agent", library / "agent", ignore=shutil.ignore_patterns("__pycache__"))
    each = f"find {library} -name '*.py'"
    commit = remote.commit({"site.yml": f"for file in $({each}); do echo broken > $file; done"})
    code, output = machine.agent("run", agent=library)
    assert code == 0, output
    assert (library / "agent" / "run.py").read_text() == "broken\n"
    assert machine.state()["applied"] == commit


def test_repositories_of_a_foreign_owner_are_no_obstacle(machine: Machine, remote: Remote) -> None:
    """`safe.directory` trips over an ownership change."""
    remote.commit(GOOD)
    home = machine.folder / "home"
    home.mkdir()
    # Whoever set up the remote's account has said so; ours are for the agent to know.
    (home / ".gitconfig").write_text(f"[safe]\n\tdirectory = {remote.url}\n")
    # git's own switch for its tests: every folder is then somebody else's.
    config = str(home / ".gitconfig")
    code, output = machine.agent("run", GIT_TEST_ASSUME_DIFFERENT_OWNER="1", HOME=str(home), GIT_CONFIG_GLOBAL=config)
    assert code == 0, output


def test_the_state_stays_readable_by_older_and_newer_agents(machine: Machine, remote: Remote) -> None:
    commit = remote.commit(GOOD)
    machine.agent("run")
    state = machine.state()
    del state["roles"]
    machine.paths.state.write_text(json.dumps(state | {"key_of_tomorrow": [1]}))
    assert machine.agent("run")[0] == 0
    assert (len(machine.calls()), machine.state()["applied"]) == (1, commit)


def test_a_state_that_cannot_be_kept_starts_nothing(machine: Machine, remote: Remote) -> None:
    """A full disk: what Ansible would then do could not be known afterwards."""
    first = remote.commit(GOOD)
    machine.agent("run")
    machine.paths.state.with_name("state.json.new").mkdir()
    remote.commit(GOOD | {"new": "x"})
    code, output = machine.agent("run")
    assert (code, len(machine.calls()), machine.state()["applied"]) == (1, 1, first)
    assert "state.json: cannot be written (Is a directory); the old state stays" in output


def test_files_are_for_others_to_read_whatever_the_umask_of_who_calls(machine: Machine, remote: Remote) -> None:
    remote.commit(GOOD)
    machine.agent("now", umask=0o077)
    for path in (machine.paths.metrics, machine.paths.state, machine.paths.metrics.parent, machine.paths.data):
        assert path.stat().st_mode & 0o044 == 0o044, path


DAY = 24 * HOUR


@pytest.mark.parametrize("seconds", [DAY, -DAY, 400 * DAY, -400 * DAY])
def test_a_clock_that_was_set_neither_holds_up_a_retry_nor_repeats_a_full_check(
    machine: Machine, remote: Remote, seconds: float
) -> None:
    switch = machine.folder / "works"
    switch.touch()
    commit = remote.commit({"site.yml": f"test -e {switch}"})
    machine.agent("run")
    switch.unlink()
    machine.agent("now", "--full")
    machine.age(seconds)
    # Later, the pause is over; earlier, no pause is that long.
    machine.agent("run")
    assert (len(machine.calls()), machine.state()["failures"]) == (3, 2)
    machine.agent("run")
    assert len(machine.calls()) == 3
    switch.touch()
    machine.age(seconds)
    assert machine.agent("run")[0] == 0
    machine.age(seconds)
    # One full check at most, then there is peace.
    for _ in range(3):
        assert machine.agent("run")[0] == 0
    assert len(machine.calls()) == 5
    assert machine.state()["applied"] == commit


@pytest.mark.parametrize("seconds", [DAY, -DAY])
def test_a_clock_that_was_set_holds_up_no_new_commit(machine: Machine, remote: Remote, seconds: float) -> None:
    remote.commit(BAD)
    machine.agent("run")
    machine.age(seconds)
    commit = remote.commit(GOOD)
    assert machine.agent("run")[0] == 0
    assert machine.state()["applied"] == commit


def test_a_remote_that_is_away_for_minutes_costs_nothing(machine: Machine, remote: Remote) -> None:
    first = remote.commit(GOOD)
    machine.agent("run")
    second = remote.commit(GOOD | {"new": "x"})
    away = remote.url.rename(remote.url.with_name("away"))
    for _ in range(3):
        machine.age(60)
        assert machine.agent("run")[0] == 5
    assert (machine.state()["applied"], machine.state()["failures"]) == (first, 0)
    away.rename(remote.url)
    assert machine.agent("run")[0] == 0
    assert (machine.state()["applied"], len(machine.calls())) == (second, 2)


def full_disk(path: Path) -> None:
    """Have each write to the file fail as on a full disk."""
    path.with_name(path.name + ".new").symlink_to("/dev/full")


def test_metrics_that_a_full_disk_refuses_are_told_and_written_later(machine: Machine, remote: Remote) -> None:
    remote.commit(GOOD)
    machine.agent("run")
    full_disk(machine.paths.metrics)
    code, output = machine.agent("run")
    assert code == 0
    assert "pull.prom: cannot be written (No space left on device)" in output
    before = machine.paths.metrics.stat().st_mtime_ns
    assert machine.agent("run")[0] == 0
    assert machine.paths.metrics.stat().st_mtime_ns > before


def test_a_full_disk_is_no_fault_of_the_commit_and_over_when_there_is_room(machine: Machine, remote: Remote) -> None:
    first = remote.commit(GOOD)
    machine.agent("run")
    second = remote.commit(GOOD | {"new": "x"})
    full_disk(machine.paths.state)
    code, output = machine.agent("run")
    assert (code, machine.state()["applied"], machine.state()["failures"]) == (1, first, 0)
    assert "state.json: cannot be written (No space left on device)" in output
    assert machine.agent("run")[0] == 0
    assert machine.state()["applied"] == second
