"""The module slipway_container on a host: what it repairs, and killed at every point."""

import shutil
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.slipway import container
from plugins.module_utils.slipway.container import ContainerError
from plugins.modules import slipway_container
from tests.plugins import killing
from tests.plugins.fake_engine import FakeEngine

SETTINGS: dict[str, Any] = {
    **{"name": "mlflow", "state": "started", "options": [], "command": ["serve"], "reads": []},
    **{"url": "http://127.0.0.1:5000/health", "seconds": 0, "image": "r:5000/mlops@sha256:1"},
}
NEW = SETTINGS | {"image": "r:5000/mlops@sha256:2"}


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

    def converge(self, settings: dict[str, Any], check_mode: bool = False) -> dict[str, Any]:
        result: dict[str, Any] = slipway_container.run(Module(settings, check_mode))
        return result

    def answers(self) -> bool:
        found = self.engine.inspect("container", "mlflow")
        return found is not None and found["State"]["Running"] and not found.get("Broken")

    def check(self, settings: dict[str, Any]) -> None:
        assert self.answers()
        assert [each["Image"] for each in self.engine.read()["containers"].values()] == [settings["image"]]


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    (tmp_path / "host").mkdir()
    made = Host(tmp_path / "host")
    monkeypatch.setattr(container, "answers", lambda _: made.answers())
    monkeypatch.setattr(container, "STUCK_SECONDS", 0)
    monkeypatch.setattr(slipway_container, "Docker", lambda _: made.engine)
    monkeypatch.setattr(slipway_container, "engine_answers", lambda _: True)
    return made


def alter(host: Host, **changes: Any) -> None:
    state = host.engine.read()
    state["containers"]["mlflow"] |= changes
    host.engine._write(state)


def test_it_runs_and_a_second_run_changes_nothing(host: Host) -> None:
    assert host.converge(SETTINGS)["changed"]
    host.check(SETTINGS)
    assert host.converge(SETTINGS) == {"changed": False, "reason": ""}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"State": {"Running": False}}, "it is not running"),
        ({"Broken": True}, "mlflow: no answer at http://127.0.0.1:5000/health within 0 s: its log is empty"),
        ({"Config": {"Labels": {}}}, "its description changed"),
    ],
)
def test_a_run_repairs_what_fell(host: Host, changes: dict[str, Any], reason: str) -> None:
    host.converge(SETTINGS)
    began = "2020-01-01T00:00:00.0Z"
    alter(host, **({"State": {"Running": True, "StartedAt": began}} | changes))
    assert host.converge(SETTINGS) == {"changed": True, "reason": reason}
    host.check(SETTINGS)


def test_one_that_was_removed_is_run_again(host: Host) -> None:
    host.converge(SETTINGS)
    host.engine.remove("mlflow")
    assert host.converge(SETTINGS) == {"changed": True, "reason": "there is no such container"}
    host.check(SETTINGS)


def test_one_that_answers_slowly_after_old_restarts_stays(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.converge(SETTINGS)
    alter(host, RestartCount=3)
    slow = iter([False, False, True])
    monkeypatch.setattr(container, "answers", lambda _: next(slow))
    monkeypatch.setattr(container, "STUCK_SECONDS", 60)
    assert not host.converge(SETTINGS)["changed"]


def test_one_that_is_not_wanted_goes(host: Host) -> None:
    host.converge(SETTINGS)
    absent = {"name": "mlflow", "state": "absent"}
    assert host.converge(absent, check_mode=True)["changed"]
    assert host.answers()
    assert host.converge(absent)["changed"]
    assert host.engine.read()["containers"] == {}
    assert not host.converge(absent)["changed"]


def test_one_that_never_answers_fails_with_its_last_words(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container, "answers", lambda _: False)
    with pytest.raises(ContainerError, match=r"no answer at .* its log is empty"):
        host.converge(SETTINGS)


def test_a_run_that_is_killed_anywhere_is_made_good_by_the_next(host: Host, tmp_path: Path) -> None:
    host.converge(SETTINGS)
    shutil.copytree(host.folder, tmp_path / "saved")
    for follows in (NEW, SETTINGS):
        for point in killing.points(lambda: host.converge(NEW)):
            shutil.rmtree(host.folder)
            shutil.copytree(tmp_path / "saved", host.folder)
            assert killing.run(lambda: host.converge(NEW), killed_at=point) == -9
            killing.run(partial(host.converge, follows))
            host.check(follows)
        shutil.rmtree(host.folder)
        shutil.copytree(tmp_path / "saved", host.folder)
