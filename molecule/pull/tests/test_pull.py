"""The role `pull`: the timer starts the installed agent, which has few rights and never restarts itself."""

import time

import pytest
from testinfra.host import Host

UNITS = ("slipway-pull.service", "slipway-pull.timer")
WITHIN_SECONDS = 30


def show(host: Host, unit: str, name: str) -> str:
    return str(host.check_output(f"systemctl show --value --property={name} {unit}"))


def test_the_timer_calls_it_now_and_after_a_boot(host: Host) -> None:
    timer = host.service("slipway-pull.timer")
    assert timer.is_running
    assert timer.is_enabled
    before = show(host, UNITS[0], "InvocationID")
    deadline = time.monotonic() + WITHIN_SECONDS
    while (again := show(host, UNITS[0], "InvocationID")) == before:
        assert time.monotonic() < deadline, "the timer did not call it again"
        time.sleep(0.2)
    assert again


def test_a_person_can_call_it(host: Host) -> None:
    done = host.run("slipway-pull status")
    assert "host.json" in done.stdout
    assert host.run("slipway-pull --help").succeeded


def test_it_is_compiled(host: Host) -> None:
    sources = host.check_output("find -L /usr/local/lib/slipway/agent -name '*.py' | wc -l")
    compiled = host.check_output("find -L /usr/local/lib/slipway/agent -name '*.pyc' | wc -l")
    assert int(sources) == int(compiled) > 20


def test_a_run_continues_with_the_version_that_it_started_with(host: Host) -> None:
    link = host.file("/usr/local/lib/slipway/agent")
    assert link.is_symlink
    # Late imports of a run come from the same folder, even if the link has changed.
    done = host.check_output("python3 -c \"print(open('/usr/local/bin/slipway-pull').read())\"")
    assert "realpath" in done


def test_nobody_but_root_changes_it(host: Host) -> None:
    found = host.check_output(
        "find -L /usr/local/lib/slipway /usr/local/bin/slipway-pull -perm /022 -o -not -user root"
    )
    assert found == ""


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_finds_nothing_wrong_with_the_unit(host: Host, unit: str) -> None:
    done = host.run(f"systemd-analyze verify {unit}")
    assert done.rc == 0
    assert done.stderr == ""


def test_a_run_has_a_limit_beyond_the_agents_own(host: Host) -> None:
    assert show(host, UNITS[0], "TimeoutStartUSec") not in ("infinity", "")
    assert show(host, UNITS[0], "KillMode") == "mixed"


def test_it_is_shut_in(host: Host) -> None:
    # In tenths of ten. It has to own files, become other users and install packages.
    assert host.run("systemd-analyze security --threshold=40 slipway-pull.service").rc == 0
