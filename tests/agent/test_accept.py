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
