"""Bundles are fetched whole or not at all; what fetches them is limited, ended, and cleaned up. With a real engine."""

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from containers.labels import TESTS as LABEL
from plugins.module_utils.slipway import files
from plugins.module_utils.slipway.bundle import BundleError
from plugins.modules import slipway_bundles
from tests.plugins.engine import DOCKER, tiny_image, unique

pytestmark = pytest.mark.slow
Settings = dict[str, Any]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(slipway_bundles, "CONTAINER", unique("fetch"))
    monkeypatch.setattr(os, "chown", lambda *_, **__: None)
    (tmp_path / "models").mkdir()
    return {"folder": str(tmp_path / "models"), "image": "", "options": [f"--label={LABEL}"], "timeout": 60}


def bundle(folder: Path) -> dict[str, str]:
    """Make a small bundle; return its entry of release.yml."""
    folder.mkdir(parents=True)
    (folder / "golden.json").write_text("{}")
    listed = {"golden.json": {"sha256": hashlib.sha256(b"{}").hexdigest(), "size": 2}}
    manifest = json.dumps({"format": 1, "files": listed}).encode()
    (folder / "manifest.json").write_bytes(manifest)
    return {"uri": f"file://{folder}", "sha256": hashlib.sha256(manifest).hexdigest()}


def test_a_folder_is_fetched_onto_the_disk(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    monkeypatch.setattr(files, "sync", lambda path: steps.append(f"sync {Path(path).name}"))
    monkeypatch.setattr(os, "rename", lambda *_: steps.append("rename"))
    slipway_bundles.fetch(DOCKER, settings, "california", bundle(tmp_path / "source"))
    assert sorted(steps[:3]) == ["sync bundle", "sync golden.json", "sync manifest.json"]
    assert steps[3:] == ["rename", "sync models"]


def test_a_torn_bundle_is_not_whole_and_is_fetched_anew(settings: Settings, tmp_path: Path) -> None:
    model = bundle(tmp_path / "source")
    slipway_bundles.fetch(DOCKER, settings, "california", model)
    place = Path(settings["folder"]) / model["sha256"]
    assert slipway_bundles.is_whole(str(place), model["sha256"])
    for tear in ("golden.json", "manifest.json"):
        (place / tear).write_bytes(b"")
        assert not slipway_bundles.is_whole(str(place), model["sha256"])
        slipway_bundles.fetch(DOCKER, settings, "california", model)
        assert slipway_bundles.is_whole(str(place), model["sha256"])


@pytest.mark.parametrize("name", ["link", "model/link"])
def test_a_link_out_of_the_bundle_is_refused_and_not_followed(settings: Settings, tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    outside.write_text("secret")
    outside.chmod(0o600)
    model = bundle(tmp_path / "source")
    (tmp_path / "source" / name).parent.mkdir(exist_ok=True)
    (tmp_path / "source" / name).symlink_to(outside)
    with pytest.raises(BundleError, match=rf"^california \(file://.*\): {name}: is not a regular file$"):
        slipway_bundles.fetch(DOCKER, settings, "california", model)
    assert outside.stat().st_mode & 0o777 == 0o600
    assert not list(Path(settings["folder"]).iterdir())


def test_a_device_is_refused_and_not_read(settings: Settings, tmp_path: Path) -> None:
    model = bundle(tmp_path / "source")
    os.mkfifo(tmp_path / "source" / "endless")
    with pytest.raises(BundleError, match="endless: is not a regular file"):
        slipway_bundles.fetch(DOCKER, settings, "california", model)


def test_what_a_killed_run_left_goes(settings: Settings, tmp_path: Path) -> None:
    with tiny_image("sleep 600") as image:
        DOCKER.run("run", "--detach", f"--name={slipway_bundles.CONTAINER}", f"--label={LABEL}", image, "python")
        (Path(settings["folder"]) / "abc.new" / "bundle").mkdir(parents=True)
        slipway_bundles.remove_unfinished(DOCKER, settings["folder"])
        assert DOCKER.inspect("container", slipway_bundles.CONTAINER) is None
    assert not list(Path(settings["folder"]).iterdir())


def test_a_file_in_the_folders_place_gives_way(settings: Settings, tmp_path: Path) -> None:
    Path(settings["folder"]).rmdir()
    Path(settings["folder"]).write_text("x")
    slipway_bundles.remove_unfinished(DOCKER, settings["folder"])
    slipway_bundles.fetch_all(DOCKER, settings, {"california": bundle(tmp_path / "source")})
    assert len(list(Path(settings["folder"]).iterdir())) == 1


@pytest.mark.parametrize("script", ["sleep 600", "trap '' TERM\nwhile :; do sleep 1; done"])
def test_a_fetch_that_hangs_is_ended_with_its_container(settings: Settings, script: str) -> None:
    model = {"uri": "models:/california/7", "sha256": "0" * 64}
    with tiny_image(script) as image, pytest.raises(BundleError, match="docker run took longer than 3 s"):
        slipway_bundles.fetch(DOCKER, settings | {"image": image, "timeout": 3}, "california", model)
    assert DOCKER.inspect("container", slipway_bundles.CONTAINER) is None
    assert not list(Path(settings["folder"]).iterdir())


def test_what_the_fetch_says_is_the_reason(settings: Settings) -> None:
    model = {"uri": "models:/california/7", "sha256": "0" * 64}
    script = "echo 'slipway: no MLflow answers there' >&2\nexit 1"
    with (
        tiny_image(script) as image,
        pytest.raises(BundleError, match=r"docker run: slipway: no MLflow answers there$"),
    ):
        slipway_bundles.fetch(DOCKER, settings | {"image": image}, "california", model)


def test_a_secret_that_is_missing_is_named_and_nothing_is_made_in_its_place(settings: Settings, tmp_path: Path) -> None:
    secret = tmp_path / "admin_password"
    options = [*settings["options"], f"--mount=type=bind,source={secret},target=/password,readonly"]
    model = {"uri": "models:/california/7", "sha256": "0" * 64}
    with tiny_image("exit 0") as image, pytest.raises(BundleError, match=f"does not exist: {secret}$"):
        slipway_bundles.fetch(DOCKER, settings | {"image": image, "options": options}, "california", model)
    assert not secret.exists()


KILLED = """
import json, os, sys
from plugins.modules import slipway_bundles
from tests.plugins.engine import DOCKER
slipway_bundles.CONTAINER, settings, model = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
os.chown = lambda *_, **__: None
slipway_bundles.fetch(DOCKER, settings, "california", model)
"""


@pytest.mark.parametrize("client_too", [False, True])
def test_a_run_that_is_killed_while_it_fetches_is_made_good_by_the_next(
    settings: Settings, tmp_path: Path, client_too: bool
) -> None:
    model = bundle(tmp_path / "source")
    with tiny_image("sleep 600") as image:
        settings |= {"image": image}
        hanging = model | {"uri": "models:/california/7"}
        command = [sys.executable, "-c", KILLED, slipway_bundles.CONTAINER, json.dumps(settings), json.dumps(hanging)]
        environment = os.environ | {"PYTHONPATH": "."}
        with subprocess.Popen(command, env=environment, start_new_session=True) as run:
            while DOCKER.inspect("container", slipway_bundles.CONTAINER) is None:
                assert run.poll() is None
                time.sleep(0.1)
            # Its children survive it, unless whoever kills it finds them too.
            os.killpg(run.pid, 9) if client_too else run.kill()
        slipway_bundles.remove_unfinished(DOCKER, settings["folder"])
        slipway_bundles.fetch_all(DOCKER, settings, {"california": model})
        assert DOCKER.inspect("container", slipway_bundles.CONTAINER) is None
    assert [path.name for path in Path(settings["folder"]).iterdir()] == [model["sha256"]]
