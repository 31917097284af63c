"""The role api's two modules, one after the other: what they repair, what fails, and killed at every point."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.slipway import deployment, files, record
from plugins.module_utils.slipway.colours import COLOURS
from plugins.module_utils.slipway.deployment import LABEL, DeploymentError
from plugins.module_utils.slipway.docker import DockerError
from plugins.module_utils.slipway.release import Release
from plugins.modules import slipway_bundles, slipway_release
from tests.plugins import killing
from tests.plugins.fake_engine import FakeEngine

COMMON = {
    **{"default_model": "california", "group": "root", "options": [], "timeout": 5},
    **{"ready_seconds": 0, "golden_limit_ms": 250, "drain_seconds": 0},
    **{"steps": [], "max_error_ratio": 0.02, "max_latency_ratio": 2.0, "min_requests": 50},
}


class Module:
    """What Ansible gives a module."""

    check_mode = False
    run_command = None

    def __init__(self, params: dict[str, Any]) -> None:
        self.params = params
        self.warned: list[str] = []

    def warn(self, text: str) -> None:
        self.warned.append(text)

    def log(self, _text: str) -> None:
        pass


class Host:
    """A host in a folder: `release(n)` is what its role is given for the n-th release, `converge` runs the role."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.engine = FakeEngine(folder / "engine.json")

    def release(self, number: int) -> dict[str, Any]:
        source = self.folder.parent / f"source{number}"
        pin = bundle(source, number)
        places = {"folder": "api", "gateway": "admin.sock", "bundles": "models", "record": "release.json"}
        places |= {"shares": "shares.map", "master": "../master.sock"}
        model = {"uri": f"file://{source}", "sha256": pin}
        paths = {key: str(self.folder / name) for key, name in places.items()}
        return {**COMMON, **paths, "image": f"r:5000/api@sha256:{number}", "models": {"california": model}}

    def nothing(self) -> dict[str, Any]:
        return self.release(0) | {"image": "", "models": {}}

    def converge(self, settings: dict[str, Any]) -> dict[str, Any]:
        self.fetch(settings)
        result: dict[str, Any] = slipway_release.run(Module(settings))
        return result

    def fetch(self, settings: dict[str, Any]) -> None:
        fetching = {"folder": settings["bundles"], "image": "", "options": [], "timeout": 5}
        slipway_bundles.remove_unfinished(self.engine, settings["bundles"])
        pins = {name: model["sha256"] for name, model in settings["models"].items()}
        whole = {name for name, pin in pins.items() if slipway_bundles.is_whole(f"{settings['bundles']}/{pin}", pin)}
        missing = {name: model for name, model in settings["models"].items() if name not in whole}
        slipway_bundles.fetch_all(self.engine, fetching, missing)

    def serving(self) -> str:
        """The label of the running container that the gateway's link leads to, empty where there is none."""
        link = self.folder / "api" / "current"
        if not link.is_symlink():
            return ""
        found = self.engine.inspect("container", f"api-{os.readlink(link)}")
        return str(found["Config"]["Labels"][LABEL]) if found and found["State"]["Running"] else ""

    def published(self) -> set[str]:
        """The labels of the containers that the gateway may send requests to."""
        serving, containers = self.folder / "api" / "serving", self.engine.read()["containers"]
        colours = [colour for colour in COLOURS if (serving / colour).is_symlink()]
        return {containers[f"api-{colour}"]["Config"]["Labels"][LABEL] for colour in colours}

    def name(self, settings: dict[str, Any]) -> str:
        return str(Release(settings).label())

    def check(self, settings: dict[str, Any]) -> None:
        """Assert that exactly this release is there, and nothing besides."""
        assert self.serving() == self.name(settings)
        assert self.published() == {self.name(settings)}
        (container,) = self.engine.read()["containers"].values()
        assert container["Restart"] == "unless-stopped"
        recorded = record.read(settings["record"])
        assert recorded["image"] == settings["image"]
        kept = [recorded, *([recorded["previous"]] if recorded["previous"] else [])]
        assert {path.name for path in Path(settings["bundles"]).iterdir()} == {
            model["sha256"] for each in kept for model in each["models"].values()
        }
        assert set(self.engine.read()["images"]) == {each["image"] for each in kept}
        self.check_tidy()

    def check_tidy(self) -> None:
        assert not list(self.folder.rglob("*.new"))


def bundle(folder: Path, number: int) -> str:
    """Have a small bundle; return its pin."""
    files = {"golden.json": json.dumps({"rows": [], "predictions": []}), "model.txt": str(number)}
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    listed = {name: {"sha256": hashlib.sha256(text.encode()).hexdigest()} for name, text in files.items()}
    manifest = json.dumps({"format": 1, "files": listed}).encode()
    (folder / "manifest.json").write_bytes(manifest)
    return hashlib.sha256(manifest).hexdigest()


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    (tmp_path / "host").mkdir()
    made = Host(tmp_path / "host")

    def is_ready(socket: str) -> bool:
        colour = Path(socket).parent.name
        found = made.engine.inspect("container", f"api-{os.path.basename(colour)}")
        return found is not None and found["State"]["Running"] and not found.get("Broken")

    monkeypatch.setattr(deployment, "is_ready", is_ready)
    monkeypatch.setattr(deployment, "check_golden", lambda *_: 1.0)
    monkeypatch.setattr(slipway_release, "Docker", lambda _: made.engine)
    # Files are given to others by root alone.
    monkeypatch.setattr(os, "chown", lambda *_, **__: None)
    return made


def test_a_release_is_served_and_a_second_run_changes_nothing(host: Host) -> None:
    settings = host.release(1)
    assert host.converge(settings)["changed"]
    host.check(settings)
    assert not host.converge(settings)["changed"]


def test_the_release_before_is_kept_and_no_other(host: Host) -> None:
    for number in (1, 2, 3):
        host.converge(host.release(number))
        host.check(host.release(number))
    assert set(host.engine.read()["images"]) == {"r:5000/api@sha256:2", "r:5000/api@sha256:3"}


def alter(host: Host, **changes: Any) -> None:
    """Change the only container there is, behind the role's back."""
    state = host.engine.read()
    (container,) = state["containers"].values()
    container |= changes
    host.engine.path.write_text(json.dumps(state))


def empty(host: Host) -> None:
    host.engine.path.write_text(json.dumps(host.engine.read() | {"containers": {}}))


def link(host: Host) -> Path:
    return host.folder / "api" / "current"


def link_to_nothing(host: Host) -> None:
    link(host).unlink()
    link(host).symlink_to("green")


def folder_for_link(host: Host) -> None:
    link(host).unlink()
    link(host).mkdir()


def bundles_removed(host: Host) -> None:
    shutil.rmtree(host.folder / "models")
    alter(host, State={"Running": False})


def image_removed(host: Host) -> None:
    host.engine.path.write_text(json.dumps(host.engine.read() | {"images": []}))
    empty(host)


FAULTS: dict[str, Callable[[Host], object]] = {
    "container removed": empty,
    "container killed": lambda host: alter(host, State={"Running": False}),
    "container paused": lambda host: alter(host, State={"Running": True, "Paused": True}),
    "container answers nothing": lambda host: alter(host, Broken=True),
    "container described otherwise": lambda host: alter(host, Config={"Labels": {}}),
    "link removed": lambda host: link(host).unlink(),
    "link to nothing": link_to_nothing,
    "folder in the link's place": folder_for_link,
    "the gateway's links removed": lambda host: shutil.rmtree(host.folder / "api" / "serving"),
    "sockets removed": lambda host: shutil.rmtree(host.folder / "api"),
    "bundles removed, host restarted": bundles_removed,
    "bundle torn": lambda host: [path.write_bytes(b"") for path in host.folder.glob("models/*/model.txt")],
    "record empty": lambda host: (host.folder / "release.json").write_text(""),
    "record removed": lambda host: (host.folder / "release.json").unlink(),
    "a file among the bundles": lambda host: (host.folder / "models" / "notes.txt").write_text("x"),
    "image removed": image_removed,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_run_for_the_same_release_repairs(host: Host, fault: str) -> None:
    settings = host.release(1)
    host.converge(settings)
    FAULTS[fault](host)
    host.converge(settings)
    host.check(settings)
    assert not host.converge(settings)["changed"]


def test_a_container_that_is_started_over_and_over_is_replaced(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = host.release(1)
    host.converge(settings)
    before = host.serving()

    def check_golden(*_: object) -> None:
        counted = next(iter(host.engine.read()["containers"].values()))["RestartCount"]
        if len(host.engine.read()["containers"]) == 1 and counted < 5:
            alter(host, RestartCount=counted + 1)

    monkeypatch.setattr(deployment, "check_golden", check_golden)
    live = os.readlink(host.folder / "api" / "current")
    assert host.converge(settings)["changed"]
    assert os.readlink(host.folder / "api" / "current") != live
    assert host.serving() == before


def test_one_that_was_started_again_long_ago_stays(host: Host) -> None:
    settings = host.release(1)
    host.converge(settings)
    alter(host, RestartCount=7)
    assert not host.converge(settings)["changed"]


def test_a_release_that_fails_leaves_the_old_one_and_says_so(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.converge(host.release(1))
    started = FakeEngine.run

    def broken(self: FakeEngine, *arguments: str, timeout: int = 0) -> str:
        if arguments[0] == "update":
            raise DockerError("docker update: no space left on device")
        return started(self, *arguments, timeout=timeout)

    monkeypatch.setattr(FakeEngine, "run", broken)
    with pytest.raises(DeploymentError, match=r"no space left on device; the previous release keeps serving$"):
        host.converge(host.release(2))
    assert host.serving() == host.name(host.release(1))


def test_what_fails_after_the_switch_says_that_the_new_one_serves(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.converge(host.release(1))
    settings = host.release(2)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", settings["record"])

    with monkeypatch.context() as patch:
        patch.setattr(files, "write", full)
        with pytest.raises(DeploymentError, match=r"^california \w+ serves, but .*No space left on device"):
            host.converge(settings)
    assert host.serving() == host.name(settings)
    host.converge(settings)
    host.check(settings)


def test_nothing_released_leaves_nothing(host: Host) -> None:
    host.converge(host.release(1))
    assert host.converge(host.nothing())["changed"]
    assert host.engine.read()["containers"] == {}
    assert not (host.folder / "release.json").exists()
    assert not host.converge(host.nothing())["changed"]


@pytest.mark.parametrize("then", ["again", "back", "nothing"])
def test_a_run_that_is_killed_anywhere_is_made_good_by_the_next(host: Host, tmp_path: Path, then: str) -> None:
    host.converge(host.release(1))
    shutil.copytree(host.folder, tmp_path / "saved", symlinks=True)
    old, new = host.release(1), host.release(2)
    follows = {"again": new, "back": old, "nothing": host.nothing()}[then]
    for point in killing.points(lambda: host.converge(new)):
        shutil.rmtree(host.folder)
        shutil.copytree(tmp_path / "saved", host.folder, symlinks=True)
        assert killing.run(lambda: host.converge(new), killed_at=point) == -9
        # Whatever the moment, one of both serves.
        assert host.serving() in (host.name(old), host.name(new)), point
        assert host.serving() in host.published(), point
        killing.run(lambda: host.converge(follows))
        if then == "nothing":
            assert host.engine.read()["containers"] == {}
            assert [path.name for path in (host.folder / "api").iterdir() if path.is_symlink()] == []
            host.check_tidy()
        else:
            host.check(follows)


def test_a_withdrawal_that_is_killed_anywhere_is_made_good_by_the_next(host: Host, tmp_path: Path) -> None:
    host.converge(host.release(1))
    shutil.copytree(host.folder, tmp_path / "saved", symlinks=True)
    for point in killing.points(lambda: host.converge(host.nothing())):
        shutil.rmtree(host.folder)
        shutil.copytree(tmp_path / "saved", host.folder, symlinks=True)
        killing.run(lambda: host.converge(host.nothing()), killed_at=point)
        killing.run(lambda: host.converge(host.nothing()))
        assert host.engine.read()["containers"] == {}
        assert not (host.folder / "release.json").exists()
        host.check_tidy()
