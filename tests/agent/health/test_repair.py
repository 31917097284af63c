"""agent/health/repair.py, by runs of the agent on a host whose ansible-pull is a stand-in."""

import json
from pathlib import Path

import pytest

from tests.agent.health.servers import Engine, Units
from tests.agent.machines import Machine
from tests.agent.remotes import Remote

HOUR = 3600


@pytest.fixture
def units(machine: Machine) -> Units:
    return Units(machine.folder / "bin", machine.folder / "units")


def checks(machine: Machine, role: str, *entries: dict[str, str]) -> None:
    machine.paths.health.mkdir(exist_ok=True)
    (machine.paths.health / f"{role}.json").write_text(json.dumps(entries))


def state(machine: Machine) -> tuple[int, str]:
    """What `status` says."""
    code, output = machine.agent("status", "--json")
    return code, json.loads(output)["state"]


def tags(machine: Machine) -> list[str]:
    return [call["tags"] for call in machine.calls()]


def settled(machine: Machine, remote: Remote, site: str = "exit 0", *, code: int = 0) -> str:
    """A host that has applied a commit, and whose runs do what `site` says."""
    commit = remote.commit({"site.yml": site})
    assert machine.agent("run")[0] == code
    return commit


def test_what_fell_is_repaired_at_once_by_the_roles_concerned(machine: Machine, remote: Remote, units: Units) -> None:
    unit = units.set("haproxy.service")
    checks(machine, "gateway", {"part": "gateway", "unit": "haproxy.service"})
    checks(machine, "mlflow", {"part": "mlflow", "file": str(machine.paths.host)})
    commit = settled(machine, remote, f"sed -i s/failed/active/ {unit}")
    units.set("haproxy.service", "failed")
    code, output = machine.agent("run")
    assert code == 0, output
    assert "unhealthy: gateway: haproxy.service is failed\n" in output
    assert "repaired: gateway: haproxy.service is failed; works again\n" in output
    assert machine.calls()[1:] == [{"commit": commit, "tags": "gateway"}]
    assert state(machine) == (0, "in sync")


def test_a_healthy_host_is_left_alone(machine: Machine, remote: Remote, units: Units) -> None:
    units.set("haproxy.service")
    checks(machine, "gateway", {"part": "gateway", "unit": "haproxy.service"})
    settled(machine, remote)
    for _ in range(3):
        assert machine.agent("run")[1].startswith("slipway-pull: unchanged: ")
    assert tags(machine) == [""]


def test_what_stays_broken_is_told_part_by_part_and_tried_again_by_everything_with_pauses(
    machine: Machine, remote: Remote, units: Units
) -> None:
    units.set("haproxy.service", "failed")
    checks(machine, "gateway", {"part": "gateway", "unit": "haproxy.service"})
    commit = settled(machine, remote, code=1)  # told after the first run already
    assert state(machine) == (1, "unhealthy")
    code, output = machine.agent("run")
    assert (code, tags(machine)) == (1, ["", "gateway"])
    assert "unhealthy: gateway: haproxy.service is failed (repair 2 of gateway in " in output
    machine.agent("run")
    assert tags(machine) == ["", "gateway"]  # it waits
    machine.age(HOUR)
    machine.agent("run")
    assert tags(machine) == ["", "gateway", ""]
    code, output = machine.agent("status")
    assert code == 1
    assert "gateway     haproxy.service is failed\n" in output
    assert "repairs     2 did not help, next in " in output
    known = machine.state()
    assert (known["applied"], known["attempted"], known["failures"]) == (commit, commit, 0)
    assert 'slipway_healthy{part="gateway"} 0\n' in machine.paths.metrics.read_text()
    units.set("haproxy.service")
    assert machine.agent("run")[0] == 0
    assert 'slipway_healthy{part="gateway"} 1\n' in machine.paths.metrics.read_text()
    assert (machine.state()["repairs"], state(machine)) == (0, (0, "in sync"))


def test_a_repair_that_fails_blames_no_commit(machine: Machine, remote: Remote, units: Units) -> None:
    switch = machine.folder / "broken"
    units.set("haproxy.service")
    checks(machine, "gateway", {"part": "gateway", "unit": "haproxy.service"})
    commit = settled(machine, remote, f"test ! -e {switch} || {{ echo '[ERROR]: no disk'; exit 4; }}")
    units.set("haproxy.service", "failed")
    switch.touch()
    code, output = machine.agent("run")
    assert (code, "the last repair failed: ansible-pull: exit code 4: no disk" in output) == (1, True)
    known = machine.state()
    assert (known["applied"], known["attempted"], known["failures"]) == (commit, commit, 0)
    assert state(machine) == (1, "unhealthy")


def test_a_person_need_not_wait_for_a_repair(machine: Machine, remote: Remote, units: Units) -> None:
    units.set("haproxy.service", "failed")
    checks(machine, "gateway", {"part": "gateway", "unit": "haproxy.service"})
    settled(machine, remote, code=1)
    machine.agent("run")
    machine.agent("now")
    assert len(machine.calls()) == 3


def test_a_failing_commit_keeps_nobody_from_repairing_what_is_applied(
    machine: Machine, remote: Remote, units: Units
) -> None:
    units.set("haproxy.service")
    checks(machine, "gateway", {"part": "gateway", "unit": "haproxy.service"})
    good = settled(machine, remote)
    bad = remote.commit({"site.yml": "exit 1"})
    machine.agent("run")
    units.set("haproxy.service", "failed")
    assert machine.agent("run")[0] == 1
    assert machine.calls()[-1] == {"commit": good, "tags": "gateway"}
    known = machine.state()
    assert (known["attempted"], known["failures"], len(machine.calls())) == (bad, 1, 3)
    machine.agent("run")
    assert len(machine.calls()) == 3  # the commit still waits for its pause, and so does the repair


def test_what_fell_is_repaired_while_the_remote_is_away(machine: Machine, remote: Remote, units: Units) -> None:
    unit = units.set("haproxy.service")
    checks(machine, "gateway", {"part": "gateway", "unit": "haproxy.service"})
    settled(machine, remote, f"sed -i s/failed/active/ {unit}")
    units.set("haproxy.service", "failed")
    remote.url.rename(remote.url.with_name("away"))
    assert machine.agent("run")[0] == 5
    assert tags(machine) == ["", "gateway"]
    assert state(machine) == (1, "unreachable")


def test_a_file_that_only_runs_change_is_put_back(machine: Machine, remote: Remote, tmp_path: Path) -> None:
    file = tmp_path / "haproxy.cfg"
    checks(machine, "gateway", {"part": "gateway", "file": str(file)})
    settled(machine, remote, f"printf right >{file}")
    for change in (file.unlink, lambda: file.write_text("wrong")):
        change()
        assert machine.agent("run")[0] == 0
        assert file.read_text() == "right"
    assert tags(machine) == ["", "gateway", "gateway"]


def test_checks_that_are_lost_are_written_again(machine: Machine, remote: Remote, units: Units) -> None:
    units.set("haproxy.service")
    checks(machine, "gateway", {"part": "gateway", "unit": "haproxy.service"})
    path = machine.paths.health / "gateway.json"
    kept = path.read_text()
    settled(machine, remote, f"printf '%s' '{kept}' >{path}")
    for change in (path.unlink, lambda: path.write_text("{")):
        change()
        assert machine.agent("run")[0] == 0
        assert path.read_text() == kept


def test_a_part_that_docker_started_again_is_told_and_no_role_is_run(
    machine: Machine, remote: Remote, engine: Engine
) -> None:
    engine.run("mlflow")
    checks(machine, "docker", {"part": "docker", "engine": str(engine.path)})
    checks(machine, "mlflow", {"part": "mlflow", "container": "mlflow"})
    settled(machine, remote)
    engine.run("mlflow", restarts=1)
    assert machine.agent("run")[0] == 1
    assert (
        "mlflow      container mlflow was restarted since the last check, 1 times in total"
        in machine.agent("status")[1]
    )
    assert machine.agent("run")[0] == 0
    assert tags(machine) == [""]


def test_a_repair_that_is_cut_off_is_an_unfinished_run(machine: Machine, remote: Remote, units: Units) -> None:
    units.set("haproxy.service")
    checks(machine, "gateway", {"part": "gateway", "unit": "haproxy.service"})
    begun = machine.folder / "begun"
    settled(
        machine,
        remote,
        f'test -z "$(grep failed {units.folder / "haproxy.service"})" || {{ touch {begun}; sleep 60; }}',
    )
    units.set("haproxy.service", "failed")
    process = machine.start("run")
    while not begun.exists():
        assert process.poll() is None
    assert state(machine) == (1, "unhealthy")  # and not "running", exit 0
    process.terminate()
    process.communicate(timeout=60)
    units.set("haproxy.service")
    assert machine.agent("run")[0] == 0
    assert tags(machine) == ["", "gateway", ""]
