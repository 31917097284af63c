"""One run of the agent after another, on a host whose ansible-pull is a stand-in."""

from tests.agent.machines import Machine
from tests.agent.remotes import Remote

GOOD = {"site.yml": "exit 0\n"}
BAD = {"site.yml": "exit 1\n"}
HOUR = 3600


def test_the_first_run_applies_everything(machine: Machine, remote: Remote) -> None:
    commit = remote.commit(GOOD)
    code, output = machine.agent("run")
    assert (code, machine.calls()) == (0, [{"commit": commit, "tags": ""}])
    assert f"applying {commit[:12]} (new commit): all roles" in output
    assert (machine.state()["applied"], machine.state()["attempted"]) == (commit, commit)


def test_nothing_new_starts_nothing(machine: Machine, remote: Remote) -> None:
    commit = remote.commit(GOOD)
    machine.agent("run")
    before = machine.state()
    code, output = machine.agent("run")
    assert (code, len(machine.calls())) == (0, 1)
    assert output == f"slipway-pull: unchanged: nothing new; {commit[:12]} is applied\n"
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
    code, output = machine.agent("run")
    assert (code, len(machine.calls()), machine.state()["applied"]) == (0, 1, commit)
    assert "no role of this host" in output


def test_a_failed_commit_is_attempted_and_not_applied(machine: Machine, remote: Remote) -> None:
    good = remote.commit(GOOD)
    machine.agent("run")
    bad = remote.commit(BAD)
    code, output = machine.agent("run")
    state = machine.state()
    assert (code, state["attempted"], state["applied"], state["failures"]) == (1, bad, good, 1)
    assert f"{bad[:12]} is not applied" in output


def test_a_failure_is_not_hidden_by_the_branch_standing_still(machine: Machine, remote: Remote) -> None:
    """What `ansible-pull --only-if-changed` does: exits 0 after a failure until the next commit."""
    remote.commit(BAD)
    assert machine.agent("run")[0] == 1
    code, output = machine.agent("run")
    assert (code, len(machine.calls())) == (1, 1)
    assert "waiting" in output
    machine.age(HOUR)
    assert machine.agent("run")[0] == 1
    assert len(machine.calls()) == 2


def test_a_failed_commit_is_tried_again_with_longer_and_longer_pauses(machine: Machine, remote: Remote) -> None:
    remote.commit(BAD)
    pauses = []
    for _ in range(8):
        machine.agent("run")
        state = machine.state()
        pauses.append(state["retry_at"] - state["attempted_at"])
        machine.age(HOUR)
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
    machine.age(HOUR)
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
    machine.age(7 * HOUR)
    code, output = machine.agent("run")
    assert (code, len(machine.calls())) == (0, 2)
    assert "full check" in output
    machine.agent("run")
    assert len(machine.calls()) == 2


def test_a_failed_full_check_is_told_and_tried_again(machine: Machine, remote: Remote) -> None:
    switch = machine.folder / "broken"
    commit = remote.commit({"site.yml": f"test ! -e {switch}"})
    machine.agent("run")
    switch.touch()
    machine.age(7 * HOUR)
    code, output = machine.agent("run")
    assert code == 1
    assert f"failed: {commit[:12]} is applied, but a later run at this commit failed: " in output
    assert machine.agent("run")[0] == 1
    assert (len(machine.calls()), machine.state()["applied"]) == (2, commit)
    switch.unlink()
    machine.age(HOUR)
    assert machine.agent("run")[0] == 0
    assert machine.state()["failures"] == 0


def test_a_changed_host_json_runs_everything_at_once(machine: Machine, remote: Remote) -> None:
    remote.commit(GOOD)
    machine.agent("run")
    machine.write_host(groups=["api", "ops"])
    code, output = machine.agent("run")
    assert (code, len(machine.calls())) == (0, 2)
    assert "host.json changed" in output


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
