"""agent/accept.py, as a run uses it."""

from tests.agent.machines import Machine
from tests.agent.remotes import Remote, git

GOOD = {"site.yml": "exit 0\n"}
BAD = {"site.yml": "exit 1\n"}
HOUR = 3600


def test_a_rewound_branch_is_refused_and_what_is_applied_stays(machine: Machine, remote: Remote) -> None:
    """What ansible-pull applies in silence."""
    first = remote.commit(GOOD)
    second = remote.commit(GOOD | {"new": "x"})
    machine.agent("run")
    remote.rewind(first)
    code, output = machine.agent("run")
    assert (code, len(machine.calls()), machine.state()["applied"]) == (6, 1, second)
    assert "prod was rewound" in output
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
    machine.age(7 * HOUR)
    assert machine.agent("run")[0] == 6
    assert machine.calls()[1:] == [{"commit": second, "tags": ""}]


def test_a_branch_that_was_rewritten_on_purpose_is_adopted(machine: Machine, remote: Remote) -> None:
    first = remote.commit(GOOD)
    second = remote.commit(GOOD | {"new": "x"})
    machine.agent("run")
    remote.rewind(first)
    third = remote.commit(GOOD | {"other": "y"})
    assert machine.agent("run")[0] == 6
    code, output = machine.agent("adopt")
    assert (code, machine.state()["applied"]) == (0, third)
    assert f"starting a new history at {third[:12]}" in output
    assert machine.calls()[1:] == [{"commit": third, "tags": ""}]
    # Refusing has not ended with it.
    remote.rewind(second)
    assert machine.agent("run")[0] == 6


def repoint(machine: Machine, remote: Remote) -> tuple[str, str]:
    """Apply a commit of dev, then point the host to prod, which has another history; return both commits."""
    machine.write_host(environment="dev", branch="dev")
    dev = remote.commit(GOOD, branch="dev")
    machine.agent("run")
    remote.orphan()
    prod = remote.commit({"site.yml": "test -e works\n"})
    machine.write_host(environment="prod", branch="prod")
    return dev, prod


def test_a_host_that_is_pointed_to_another_branch_never_runs_the_old_one_as_the_new(
    machine: Machine, remote: Remote
) -> None:
    dev, prod = repoint(machine, remote)
    away = remote.url.rename(remote.url.with_name("away"))
    assert machine.agent("run")[0] == 5
    away.rename(remote.url)
    code, output = machine.agent("run")
    assert (code, machine.state()["attempted"]) == (1, prod)
    assert f"before, {dev[:12]}" in output
    assert [call["commit"] for call in machine.calls()] == [dev, prod]


def test_a_new_branch_whose_first_run_fails_is_followed_on(machine: Machine, remote: Remote) -> None:
    repoint(machine, remote)
    machine.agent("run")
    second = remote.commit(GOOD)
    code, output = machine.agent("run")
    assert (code, machine.state()["applied"]) == (0, second), output


def test_a_repository_with_the_same_history_keeps_what_is_applied(machine: Machine, remote: Remote) -> None:
    first = remote.commit(GOOD)
    machine.agent("run")
    machine.write_host(repository=f"file://{remote.url}")
    code, output = machine.agent("run")
    assert (code, machine.state()["applied"]) == (0, first)
    assert "new history" not in output
