"""agent/status.py, as a person on the host sees it."""

import json
import re
import shutil
import time
from collections.abc import Callable

import pytest

from agent import status, uptime
from tests.agent.machines import Machine
from tests.agent.remotes import Remote

GOOD = {"site.yml": "exit 0\n"}


def shown(machine: Machine) -> tuple[int, dict[str, str]]:
    """The exit code and the lines, by their names."""
    code, output = machine.agent("status")
    return code, {line[:11].strip(): line[12:] for line in output.splitlines()}


def test_a_host_that_never_ran_says_so(machine: Machine) -> None:
    code, lines = shown(machine)
    assert (code, lines["state"], lines["applied"]) == (1, "never ran", "nothing")
    assert "the timer has not started slipway-pull yet" in lines["reason"]
    assert not machine.paths.data.exists()


def test_a_host_in_sync_shows_what_it_serves_and_follows(machine: Machine, remote: Remote) -> None:
    commit = remote.commit(GOOD)
    machine.agent("run")
    machine.age(300)
    code, lines = shown(machine)
    assert (code, lines["state"]) == (0, "in sync")
    assert lines["applied"] == f"{commit[:12]}, 5 min ago"
    assert lines["last run"] == "applied, 5 min ago"
    assert lines["host"] == "web-1, environment prod, groups api"
    assert lines["follows"] == f"prod of {remote.url}"
    assert "reason" not in lines


def test_a_failing_host_says_why_and_when_it_tries_again(machine: Machine, remote: Remote) -> None:
    good = remote.commit(GOOD)
    machine.agent("run")
    bad = remote.commit({"site.yml": "echo '[ERROR]: no such module'; exit 4"})
    machine.agent("run")
    machine.agent("run")
    code, lines = shown(machine)
    assert (code, lines["state"], lines["reason"]) == (1, "failing", "ansible-pull: exit code 4: no such module")
    assert re.fullmatch(r"1 failed, next in \d+ s", lines["attempt"])
    assert lines["applied"].startswith(good[:12])
    assert lines["attempted"].startswith(bad[:12])
    assert lines["branch at"] == bad[:12]


def test_a_refused_branch_is_told(machine: Machine, remote: Remote) -> None:
    first = remote.commit(GOOD)
    remote.commit(GOOD | {"x": "y"})
    machine.agent("run")
    remote.rewind(first)
    machine.agent("run")
    code, lines = shown(machine)
    assert (code, lines["state"]) == (1, "refused")
    assert "prod was rewound" in lines["reason"]


def test_a_remote_that_is_away_is_told(machine: Machine, remote: Remote) -> None:
    remote.commit(GOOD)
    machine.agent("run")
    shutil.rmtree(remote.url)
    machine.agent("run")
    code, lines = shown(machine)
    assert (code, lines["state"]) == (1, "unreachable")
    assert "cannot be read" in lines["reason"]


def test_a_broken_host_json_is_told(machine: Machine, remote: Remote) -> None:
    remote.commit(GOOD)
    machine.agent("run")
    machine.write_host(groups=["web"])
    machine.agent("run")
    code, lines = shown(machine)
    assert (code, lines["state"]) == (1, "misconfigured")
    assert "groups='web': wanted one or more of api, ops" in lines["host"]


def test_a_damaged_state_is_told_and_left_alone(machine: Machine, remote: Remote) -> None:
    remote.commit(GOOD)
    machine.agent("run")
    machine.paths.state.write_text("{")
    code, output = machine.agent("status")
    assert code == 1
    assert "state.json: is not JSON" in output
    assert machine.paths.state.read_text() == "{"


def test_a_limited_run_names_its_roles(machine: Machine, remote: Remote) -> None:
    remote.commit(GOOD)
    machine.agent("run")
    remote.commit({"release.yml": "x"})
    machine.agent("run")
    assert shown(machine)[1]["Ansible"].endswith("only api")


def test_programs_get_all_of_it_as_json(machine: Machine, remote: Remote) -> None:
    commit = remote.commit(GOOD)
    machine.agent("run")
    code, output = machine.agent("status", "--json")
    view = json.loads(output)
    assert (code, view["state"], view["applied"], view["running"]) == (0, "in sync", commit, None)
    assert view["host"]["environment"] == "prod"


@pytest.fixture
def up(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Say for how long this machine has been up, and since which boot."""

    def set_up(seconds: float, boot: str = "first") -> None:
        monkeypatch.setattr(uptime, "seconds", lambda: seconds)
        monkeypatch.setattr(uptime, "boot", lambda: boot)

    return set_up


def ran(machine: Machine, **keys: object) -> None:
    """Have the last run end well when the machine had been up for 10,000 s."""
    machine.paths.data.mkdir(exist_ok=True)
    known = {"applied": "a", "attempted": "a", "result": "unchanged", "result_at": time.time()}
    machine.paths.state.write_text(json.dumps(known | {"result_boot": "first", "result_uptime": 10_000} | keys))


def test_a_host_whose_last_run_is_overdue_is_not_in_sync(machine: Machine, up: Callable[..., None]) -> None:
    ran(machine)
    up(10_000 + 5 * 60)
    assert status.view(machine.paths)["state"] == "in sync"
    up(10_000 + 5 * 86400)
    view = status.view(machine.paths)
    assert view["state"] == "overdue" not in status.GOOD
    assert any(
        line.startswith("reason      no run for 5 d; `systemctl status slipway-pull.timer")
        for line in status.lines(view)
    )


def test_how_long_a_run_may_stay_away_follows_from_the_interval(machine: Machine, up: Callable[..., None]) -> None:
    ran(machine)
    machine.write_settings(interval_seconds=600)
    up(10_000 + 5 * 600)
    assert status.view(machine.paths)["state"] == "in sync"
    machine.write_settings(interval_seconds=10)
    up(10_000 + 121)
    assert status.view(machine.paths)["state"] == "overdue"


@pytest.mark.parametrize("set_by", [-86400, 86400])
def test_a_clock_that_was_set_makes_no_run_overdue_and_hides_none(
    machine: Machine, up: Callable[..., None], set_by: float
) -> None:
    ran(machine, result_at=time.time() + set_by)
    up(10_060)
    assert status.view(machine.paths)["state"] == "in sync"
    up(11_000)
    assert status.view(machine.paths)["state"] == "overdue"


def test_a_boot_since_the_last_run_gives_the_timer_its_time(machine: Machine, up: Callable[..., None]) -> None:
    ran(machine)
    up(100, "second")
    assert status.view(machine.paths)["state"] == "in sync"
    up(301, "second")
    assert status.view(machine.paths)["state"] == "overdue"


def test_the_agent_writes_the_uptime_down(machine: Machine, remote: Remote) -> None:
    remote.commit(GOOD)
    machine.agent("run")
    assert machine.state()["result_boot"] == uptime.boot()
    assert 0 <= uptime.seconds() - machine.state()["result_uptime"] < 3600
