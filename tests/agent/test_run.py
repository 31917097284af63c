"""One run of the agent after another, on a host whose ansible-pull is a stand-in."""

import json
import shutil
from pathlib import Path

import pytest

from tests.agent.machines import ROOT, Machine
from tests.agent.remotes import Remote, git

GOOD = {"site.yml": "exit 0\n"}
BAD = {"site.yml": "exit 1\n"}
HOUR = 3600


def test_the_first_run_applies_everything(machine: Machine, remote: Remote) -> None:
    commit = remote.commit(GOOD)
    code, said = machine.agent("run")
    assert (code, machine.calls()) == (0, [{"commit": commit, "tags": ""}])
    assert f"applying {commit[:12]} (new commit): everything" in said
    assert (machine.state()["applied"], machine.state()["attempted"]) == (commit, commit)


def test_nothing_new_starts_nothing(machine: Machine, remote: Remote) -> None:
    commit = remote.commit(GOOD)
    machine.agent("run")
    before = machine.state()
    code, said = machine.agent("run")
    assert (code, len(machine.calls())) == (0, 1)
    assert said == f"slipway-pull: unchanged: nothing new, {commit[:12]} is applied\n"
    assert machine.state()["success_at"] > before["success_at"]


def test_a_new_commit_is_limited_to_the_roles_that_it_changes(machine: Machine, remote: Remote) -> None:
    remote.commit(GOOD)
    machine.agent("run")
    remote.commit({"release.yml": "image: new\n", "docs/x.md": "x"})
    machine.agent("run")
    remote.commit({"roles/mlflow/tasks/main.yml": "[]"})
    second = remote.commit({"roles/gateway/tasks/main.yml": "[]"})
    machine.agent("run")
    assert [call["tags"] for call in machine.calls()] == ["", "api", "gateway,mlflow"]
    assert machine.state()["applied"] == second


def test_a_commit_that_concerns_no_role_is_applied_without_ansible(machine: Machine, remote: Remote) -> None:
    remote.commit(GOOD)
    machine.agent("run")
    commit = remote.commit({"docs/x.md": "x", "README.md": "x"})
    code, said = machine.agent("run")
    assert (code, len(machine.calls()), machine.state()["applied"]) == (0, 1, commit)
    assert "nothing on this host" in said


def test_a_failed_commit_is_attempted_and_not_applied(machine: Machine, remote: Remote) -> None:
    good = remote.commit(GOOD)
    machine.agent("run")
    bad = remote.commit(BAD)
    code, said = machine.agent("run")
    state = machine.state()
    assert (code, state["attempted"], state["applied"], state["failures"]) == (1, bad, good, 1)
    assert f"{bad[:12]} is not applied" in said


def test_a_failure_is_not_hidden_by_the_branch_standing_still(machine: Machine, remote: Remote) -> None:
    """What `ansible-pull --only-if-changed` does: exits 0 after a failure until the next commit."""
    remote.commit(BAD)
    assert machine.agent("run")[0] == 1
    code, said = machine.agent("run")
    assert (code, len(machine.calls())) == (1, 1)
    assert "waiting" in said
    machine.later(HOUR)
    assert machine.agent("run")[0] == 1
    assert len(machine.calls()) == 2


def test_a_failed_commit_is_tried_again_with_longer_and_longer_pauses(machine: Machine, remote: Remote) -> None:
    remote.commit(BAD)
    pauses = []
    for _ in range(8):
        machine.agent("run")
        state = machine.state()
        pauses.append(state["retry_at"] - state["attempted_at"])
        machine.later(HOUR)
    assert len(machine.calls()) == 8
    assert all(45 * 2**n <= pause <= 62 * 2**n for n, pause in enumerate(pauses[:6]))
    assert all(pause <= HOUR + 2 for pause in pauses)


def test_a_retry_runs_everything_and_then_the_commit_is_applied(machine: Machine, remote: Remote) -> None:
    switch = machine.folder / "works"
    remote.commit({"site.yml": "exit 0"})
    machine.agent("run")
    commit = remote.commit({"site.yml": f"test -e {switch}", "roles/api/x": "x"})
    machine.agent("run")
    switch.touch()
    machine.later(HOUR)
    assert machine.agent("run")[0] == 0
    state = machine.state()
    assert (state["applied"], state["failures"], state["reason"]) == (commit, 0, "")
    assert machine.calls()[-1] == {"commit": commit, "tags": ""}


def test_a_newer_commit_does_not_wait_for_the_pause_of_a_failed_one(machine: Machine, remote: Remote) -> None:
    remote.commit(GOOD)
    machine.agent("run")
    remote.commit(BAD)
    machine.agent("run")
    # A revert: the same files as were applied, but the host is somewhere in between.
    commit = remote.commit(GOOD)
    assert machine.agent("run")[0] == 0
    assert machine.calls()[-1] == {"commit": commit, "tags": ""}
    assert machine.state()["applied"] == commit


def test_now_tries_a_failed_commit_without_waiting(machine: Machine, remote: Remote) -> None:
    remote.commit(BAD)
    machine.agent("run")
    machine.agent("now")
    assert len(machine.calls()) == 2


def test_now_with_full_runs_everything_though_nothing_is_new(machine: Machine, remote: Remote) -> None:
    commit = remote.commit(GOOD)
    machine.agent("run")
    assert machine.agent("now")[0] == 0
    assert len(machine.calls()) == 1
    assert machine.agent("now", "--full")[0] == 0
    assert machine.calls()[1:] == [{"commit": commit, "tags": ""}]


def test_an_unchanged_commit_is_run_again_from_time_to_time(machine: Machine, remote: Remote) -> None:
    """What repairs drift: ansible-pull by itself has nothing to do for an unchanged commit."""
    remote.commit(GOOD)
    machine.agent("run")
    machine.later(7 * HOUR)
    code, said = machine.agent("run")
    assert (code, len(machine.calls())) == (0, 2)
    assert "full check" in said
    machine.agent("run")
    assert len(machine.calls()) == 2


def test_a_failed_full_check_is_told_and_tried_again(machine: Machine, remote: Remote) -> None:
    switch = machine.folder / "broken"
    commit = remote.commit({"site.yml": f"test ! -e {switch}"})
    machine.agent("run")
    switch.touch()
    machine.later(7 * HOUR)
    assert machine.agent("run")[0] == 1
    assert machine.agent("run")[0] == 1
    assert (len(machine.calls()), machine.state()["applied"]) == (2, commit)
    switch.unlink()
    machine.later(HOUR)
    assert machine.agent("run")[0] == 0
    assert machine.state()["failures"] == 0


def test_a_changed_host_json_runs_everything_at_once(machine: Machine, remote: Remote) -> None:
    remote.commit(GOOD)
    machine.agent("run")
    machine.tell(groups=["api", "ops"])
    code, said = machine.agent("run")
    assert (code, len(machine.calls())) == (0, 2)
    assert "host.json changed" in said


def test_a_rewound_branch_is_refused_and_what_is_applied_stays(machine: Machine, remote: Remote) -> None:
    """What ansible-pull applies in silence."""
    first = remote.commit(GOOD)
    second = remote.commit(GOOD | {"new": "x"})
    machine.agent("run")
    remote.rewind(first)
    code, said = machine.agent("run")
    assert (code, len(machine.calls()), machine.state()["applied"]) == (6, 1, second)
    assert "prod was rewound" in said
    assert git(machine.paths.checkout, "rev-parse", "HEAD") == second


def test_a_rewritten_branch_is_refused(machine: Machine, remote: Remote) -> None:
    first = remote.commit(GOOD)
    second = remote.commit(GOOD | {"new": "x"})
    machine.agent("run")
    remote.rewind(first)
    remote.commit(GOOD | {"other": "y"})
    assert machine.agent("run")[0] == 6
    assert machine.state()["applied"] == second
    # Going on from what is applied is fine again.
    remote.rewind(second)
    remote.commit(GOOD | {"more": "z"})
    assert machine.agent("run")[0] == 0


def test_a_failed_commit_that_is_taken_off_the_branch_is_converged_away(machine: Machine, remote: Remote) -> None:
    good = remote.commit(GOOD)
    machine.agent("run")
    remote.commit(BAD)
    machine.agent("run")
    remote.rewind(good)
    assert machine.agent("run")[0] == 0
    assert machine.calls()[-1] == {"commit": good, "tags": ""}
    assert machine.state()["attempted"] == good


def test_a_full_check_goes_on_while_the_branch_is_refused(machine: Machine, remote: Remote) -> None:
    first = remote.commit(GOOD)
    second = remote.commit(GOOD | {"new": "x"})
    machine.agent("run")
    remote.rewind(first)
    machine.later(7 * HOUR)
    assert machine.agent("run")[0] == 6
    assert machine.calls()[1:] == [{"commit": second, "tags": ""}]


def test_a_remote_that_is_gone_loses_nothing(machine: Machine, remote: Remote) -> None:
    commit = remote.commit(GOOD)
    machine.agent("run")
    away = remote.url.rename(remote.url.with_name("away"))
    code, said = machine.agent("run")
    assert (code, machine.state()["applied"]) == (5, commit)
    assert f"unreachable: {remote.url} cannot be read" in said
    away.rename(remote.url)
    assert machine.agent("run")[0] == 0
    assert len(machine.calls()) == 1


def test_a_full_check_needs_no_remote(machine: Machine, remote: Remote) -> None:
    commit = remote.commit(GOOD)
    machine.agent("run")
    shutil.rmtree(remote.url)
    machine.later(7 * HOUR)
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
    code, said = machine.agent("run")
    assert (code, machine.state()["applied"]) == (6, second)
    assert "put aside as state.json.damaged" in said
    assert machine.paths.state.with_name("state.json.damaged").read_text() == text
    remote.commit(GOOD)
    remote.rewind(second)
    assert machine.agent("run")[0] == 0
    assert machine.calls()[1:] == [{"commit": second, "tags": ""}]


def test_metrics_tell_of_a_run_in_which_ansible_never_started(machine: Machine, remote: Remote) -> None:
    machine.paths.host.write_text("{}")
    assert machine.agent("run")[0] == 3
    assert 'slipway_pull_runs_total{result="misconfigured"} 1' in machine.paths.metrics.read_text()


def test_metrics_show_what_is_applied_and_where_the_branch_is(machine: Machine, remote: Remote) -> None:
    good = remote.commit(GOOD)
    machine.agent("run")
    bad = remote.commit(BAD)
    machine.agent("run")
    text = machine.paths.metrics.read_text()
    assert f'slipway_pull_head_info{{commit="{bad}"}} 1\n' in text
    assert f'slipway_pull_applied_info{{commit="{good}"}} 1\n' in text
    assert 'slipway_pull_runs_total{result="applied"} 1\n' in text
    assert 'slipway_pull_runs_total{result="failed"} 1\n' in text


def test_a_run_that_replaces_the_agent_itself_ends_well(machine: Machine, remote: Remote, tmp_path: Path) -> None:
    """As the role `pull` does: what the run still needs must be in memory by then."""
    library = tmp_path / "lib"
    shutil.copytree(ROOT / "agent", library / "agent", ignore=shutil.ignore_patterns("__pycache__"))
    each = f"find {library} -name '*.py'"
    commit = remote.commit({"site.yml": f"for file in $({each}); do echo broken > $file; done"})
    process = machine.start("run", agent=library)
    said, _ = process.communicate()
    assert process.returncode == 0, said
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
    foreign = {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1", "HOME": str(home)}
    code, said = machine.agent("run", **foreign, GIT_CONFIG_GLOBAL=str(home / ".gitconfig"))
    assert code == 0, said


def test_the_state_stays_readable_by_older_and_newer_agents(machine: Machine, remote: Remote) -> None:
    commit = remote.commit(GOOD)
    machine.agent("run")
    state = machine.state()
    del state["roles"]
    machine.paths.state.write_text(json.dumps(state | {"key_of_tomorrow": [1]}))
    assert machine.agent("run")[0] == 0
    assert (len(machine.calls()), machine.state()["applied"]) == (1, commit)
