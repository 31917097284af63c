"""However a run is ended, nothing of it goes on and the state is right."""

import json
import re
import signal
import socket
import subprocess

import pytest

from tests.agent.machines import Machine, is_running
from tests.agent.remotes import Remote

pytestmark = pytest.mark.long

# Waits in a session of its own, as Ansible's workers do, and says who it is.
CHILD = "setsid sh -c 'echo child $$; sleep 1000' & echo waiting\n"
FOREVER = f"{CHILD}wait\n"


def started(process: "subprocess.Popen[str]") -> int:
    """Wait until the run is in the middle; return the process that it started in a session of its own."""
    assert process.stdout
    output = ""
    for line in process.stdout:
        output += line
        if match := re.match(r"child (\d+)", line):
            return int(match[1])
    raise AssertionError(output)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_what_the_run_started_and_is_not_the_commits_fault(
    machine: Machine, remote: Remote, number: signal.Signals
) -> None:
    commit = remote.commit({"site.yml": FOREVER})
    process = machine.start("run")
    child = started(process)
    process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    state = machine.state()
    assert process.returncode == -number
    assert not is_running(child)
    assert f"interrupted: stopped by {number.name}" in output
    assert (state["attempted"], state["applied"], state["failures"], state["retry_at"]) == (commit, "", 0, 0)
    assert 'slipway_pull_runs_total{result="interrupted"} 1' in machine.paths.metrics.read_text()


def test_a_run_that_was_interrupted_is_begun_again_at_once(machine: Machine, remote: Remote) -> None:
    switch = machine.folder / "works"
    commit = remote.commit({"site.yml": f"test -e {switch} && exit 0\n{FOREVER}"})
    process = machine.start("run")
    started(process)
    process.terminate()
    process.communicate(timeout=60)
    switch.touch()
    assert machine.agent("run")[0] == 0
    assert machine.state()["applied"] == commit


def kill(process: "subprocess.Popen[str]") -> None:
    """Kill the agent alone: what it started holds the pipe, so that is not waited for."""
    process.kill()
    process.wait(timeout=60)
    assert process.stdout
    process.stdout.close()


def test_a_run_ends_what_one_that_was_killed_left_running(machine: Machine, remote: Remote) -> None:
    """In a shell, where systemd does not do it; the lock alone dies with the agent, and Ansible would go on."""
    remote.commit({"site.yml": FOREVER})
    process = machine.start("now")
    child = started(process)
    kill(process)
    assert is_running(child)
    output = machine.agent("run")[1]
    assert not is_running(child)
    assert re.search(r"the last run was killed; ended \d+ processes that it had left running", output)
    assert "left running" not in machine.agent("run")[1]


def test_a_full_check_that_was_interrupted_is_begun_again(machine: Machine, remote: Remote) -> None:
    """Its commit is applied already, which is no sign that this time it went through."""
    switch = machine.folder / "works"
    switch.touch()
    commit = remote.commit({"site.yml": f"test -e {switch} && exit 0\n{FOREVER}"})
    machine.agent("run")
    switch.unlink()
    process = machine.start("now", "--full")
    started(process)
    process.terminate()
    process.communicate(timeout=60)
    assert (machine.state()["applied"], machine.state()["unfinished"]) == (commit, True)
    assert machine.agent("status")[0] == 1
    switch.touch()
    assert machine.agent("run")[0] == 0
    assert (len(machine.calls()), machine.state()["unfinished"]) == (3, False)


def test_a_changed_host_json_is_not_forgotten_when_its_run_is_interrupted(machine: Machine, remote: Remote) -> None:
    switch = machine.folder / "works"
    switch.touch()
    remote.commit({"site.yml": f"test -e {switch} && exit 0\n{FOREVER}"})
    machine.agent("run")
    switch.unlink()
    machine.write_host(groups=["api", "ops"])
    process = machine.start("run")
    started(process)
    process.terminate()
    process.communicate(timeout=60)
    switch.touch()
    assert machine.agent("run")[0] == 0
    assert len(machine.calls()) == 3


def unfinished(machine: Machine) -> bool:
    """What the playbook was flags of the run before it."""
    document = json.loads(machine.paths.inventory.read_text())
    flags: bool = document["all"]["hosts"]["localhost"]["slipway_unfinished"]
    return flags


def test_the_playbook_is_told_until_a_run_went_through(machine: Machine, remote: Remote) -> None:
    """A handler that was lost runs then; a second kill does not hide the first."""
    switch = machine.folder / "works"
    remote.commit({"site.yml": f"test -e {switch} && exit 0\n{FOREVER}"})
    flags = []
    for _ in range(3):
        process = machine.start("now")
        started(process)
        flags.append(unfinished(machine))
        kill(process)
    switch.touch()
    for _ in range(2):
        assert machine.agent("now", "--full")[0] == 0
        flags.append(unfinished(machine))
    assert flags == [False, True, True, True, False]


def test_the_playbook_is_told_after_a_failed_run_also_at_another_commit(machine: Machine, remote: Remote) -> None:
    remote.commit({"site.yml": "exit 1"})
    machine.agent("run")
    remote.commit({"site.yml": "exit 0"})
    assert machine.agent("run")[0] == 0
    assert unfinished(machine)


def test_a_run_that_was_killed_leaves_the_lock_free_and_a_pause(machine: Machine, remote: Remote) -> None:
    commit = remote.commit({"site.yml": FOREVER})
    process = machine.start("run")
    started(process)
    kill(process)
    code, output = machine.agent("run")
    state = machine.state()
    assert (code, state["attempted"], state["applied"]) == (1, commit, "")
    assert "the run was cut off" in output
    assert len(machine.calls()) == 1


def test_a_run_over_its_limit_is_ended_with_all_that_it_started(machine: Machine, remote: Remote) -> None:
    machine.write_settings(run_limit_seconds=2)
    commit = remote.commit({"site.yml": FOREVER})
    process = machine.start("run")
    child = started(process)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert not is_running(child)
    assert "took longer than its limit of 2 s" in machine.state()["reason"]
    assert (machine.state()["attempted"], machine.state()["applied"]) == (commit, "")
    assert "failed: " in output


def test_a_second_run_says_that_one_is_under_way(machine: Machine, remote: Remote) -> None:
    remote.commit({"site.yml": FOREVER})
    first = machine.start("run")
    started(first)
    code, output = machine.agent("run")
    assert code == 4
    assert f"another run is under way (process {first.pid}, for " in output
    code, shown = machine.agent("status", "--json")
    assert (code, json.loads(shown)["state"], json.loads(shown)["running"]["pid"]) == (0, "running", first.pid)
    # That the attempt counts as failed until it is over is for when it is cut off, and no news to a person now.
    assert "cut off" not in machine.agent("status")[1]
    first.terminate()
    first.communicate(timeout=60)
    assert len(machine.calls()) == 1


def test_a_remote_that_never_answers_is_given_up_on(machine: Machine, remote: Remote) -> None:
    machine.write_settings(remote_limit_seconds=1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"git://127.0.0.1:{silent.getsockname()[1]}/repository"
        machine.write_host(repository=url)
        code, output = machine.agent("run")
    assert code == 5
    assert f"unreachable: {url} did not answer within 1 s" in output


def test_a_reader_of_the_output_who_goes_away_ends_the_run(machine: Machine, remote: Remote) -> None:
    """`slipway-pull now | head`."""
    remote.commit({"site.yml": f"{CHILD}while echo more; do sleep 0.01; done"})
    process = machine.start("run")
    child = started(process)
    assert process.stdout
    process.stdout.close()
    process.wait(timeout=60)
    assert not is_running(child)
    assert machine.state()["failures"] == 1
