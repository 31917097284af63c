"""The module slipway_container on a host: what it repairs, and killed at every point."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils import slipway_service
from ansible.module_utils.slipway_service import ServiceError
from ansible.modules import slipway_container

from tests.roles import killing
from tests.roles.fake_engine import FakeEngine

GIVEN: dict[str, Any] = {
    **{"name": "mlflow", "state": "started", "options": [], "command": ["serve"], "reads": []},
    **{"url": "http://127.0.0.1:5000/health", "seconds": 0, "image": "r:5000/mlops@sha256:1"},
}
NEW = GIVEN | {"image": "r:5000/mlops@sha256:2"}


class Module:
    """What Ansible gives a module."""

    run_command = None

    def __init__(self, params: dict[str, Any], check_mode: bool) -> None:
        self.params, self.check_mode = params, check_mode

    def get_bin_path(self, name: str) -> str:
        return name


class Host:
    """A host in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.engine = FakeEngine(folder / "engine.json")

    def converge(self, given: dict[str, Any], check_mode: bool = False) -> dict[str, Any]:
        result: dict[str, Any] = slipway_container.run(Module(given, check_mode))
        return result

    def answers(self) -> bool:
        found = self.engine.inspect("container", "mlflow")
        return bool(found) and found["State"]["Running"] and not found.get("Broken")  # type: ignore[index]

    def check(self, given: dict[str, Any]) -> None:
        assert self.answers()
        assert [each["Image"] for each in self.engine.read()["containers"].values()] == [given["image"]]


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    (tmp_path / "host").mkdir()
    made = Host(tmp_path / "host")
    monkeypatch.setattr(slipway_service, "answers", lambda _: made.answers())
    monkeypatch.setattr(slipway_service, "STUCK_SECONDS", 0)
    monkeypatch.setattr(slipway_container, "Docker", lambda _: made.engine)
    monkeypatch.setattr(slipway_container, "engine_answers", lambda _: True)
    return made


def alter(host: Host, **changes: Any) -> None:
    state = host.engine.read()
    state["containers"]["mlflow"] |= changes
    host.engine._write(state)


def test_it_runs_and_a_second_run_changes_nothing(host: Host) -> None:
    assert host.converge(GIVEN)["changed"]
    host.check(GIVEN)
    assert host.converge(GIVEN) == {"changed": False, "reason": ""}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"State": {"Running": False}}, "does not run"),
        ({"Broken": True}, "mlflow: no answer at http://127.0.0.1:5000/health within 0 s: it said nothing"),
        ({"Config": {"Labels": {}}}, "was described otherwise"),
    ],
)
def test_a_run_repairs_what_fell(host: Host, changes: dict[str, Any], reason: str) -> None:
    host.converge(GIVEN)
    began = "2020-01-01T00:00:00.0Z"
    alter(host, **({"State": {"Running": True, "StartedAt": began}} | changes))
    assert host.converge(GIVEN) == {"changed": True, "reason": reason}
    host.check(GIVEN)


def test_one_that_was_removed_is_run_again(host: Host) -> None:
    host.converge(GIVEN)
    host.engine.remove("mlflow")
    assert host.converge(GIVEN) == {"changed": True, "reason": "is not there"}
    host.check(GIVEN)


def test_one_that_answers_slowly_after_old_restarts_stays(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.converge(GIVEN)
    alter(host, RestartCount=3)
    slow = iter([False, False, True])
    monkeypatch.setattr(slipway_service, "answers", lambda _: next(slow))
    monkeypatch.setattr(slipway_service, "STUCK_SECONDS", 60)
    assert not host.converge(GIVEN)["changed"]


def test_one_that_is_not_wanted_goes(host: Host) -> None:
    host.converge(GIVEN)
    absent = {"name": "mlflow", "state": "absent"}
    assert host.converge(absent, check_mode=True)["changed"]
    assert host.answers()
    assert host.converge(absent)["changed"]
    assert host.engine.read()["containers"] == {}
    assert not host.converge(absent)["changed"]


def test_one_that_never_answers_fails_with_its_last_words(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slipway_service, "answers", lambda _: False)
    with pytest.raises(ServiceError, match=r"no answer at .* it said nothing"):
        host.converge(GIVEN)


def test_a_run_that_is_killed_anywhere_is_made_good_by_the_next(host: Host, tmp_path: Path) -> None:
    host.converge(GIVEN)
    shutil.copytree(host.folder, tmp_path / "saved")
    for follows in (NEW, GIVEN):
        for point in killing.points(lambda: host.converge(NEW)):
            shutil.rmtree(host.folder)
            shutil.copytree(tmp_path / "saved", host.folder)
            assert killing.run(lambda: host.converge(NEW), killed_at=point) == -9
            killing.run(lambda follows=follows: host.converge(follows))
            host.check(follows)
        shutil.rmtree(host.folder)
        shutil.copytree(tmp_path / "saved", host.folder)
