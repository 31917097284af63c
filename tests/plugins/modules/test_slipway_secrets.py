"""A secret is made once and rendered as it is; whose they are is for the scenario to see, as root."""

import os
import shutil
from pathlib import Path

import pytest

from plugins.modules import slipway_secrets
from tests.plugins import killing


@pytest.fixture
def secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> slipway_secrets.Secret:
    monkeypatch.setattr(os, "chown", lambda *_: None)
    (tmp_path / "store" / "mlflow").mkdir(parents=True)
    wanted = {"consumer": "mlflow", "name": "key", "uid": os.getuid(), "bytes": 24}
    return slipway_secrets.Secret(wanted, str(tmp_path / "store"), str(tmp_path / "run"))


def test_it_is_long_and_needs_no_quoting(secret: slipway_secrets.Secret) -> None:
    secret.store()
    value = Path(secret.stored).read_text().rstrip("\n")
    assert len(value) == 32
    assert value.replace("-", "").replace("_", "").isalnum()


def test_what_is_there_keeps_its_value(secret: slipway_secrets.Secret) -> None:
    secret.store()
    value = Path(secret.stored).read_text()
    secret.store()
    assert Path(secret.stored).read_text() == value


def test_an_empty_one_is_no_secret(secret: slipway_secrets.Secret) -> None:
    Path(secret.stored).touch(mode=0o600)
    secret.store()
    assert Path(secret.stored).read_text() != ""


def test_it_is_rendered_for_its_consumer_alone(secret: slipway_secrets.Secret) -> None:
    secret.store()
    assert not secret.is_rendered()
    secret.render()
    assert secret.is_rendered()
    assert Path(secret.rendered).read_text() == Path(secret.stored).read_text()
    assert Path(secret.rendered).stat().st_mode & 0o777 == 0o400
    assert not list(Path(secret.rendered).parent.glob("*.new"))


def test_a_changed_or_loosened_one_is_seen(secret: slipway_secrets.Secret) -> None:
    secret.store()
    secret.render()
    Path(secret.rendered).chmod(0o644)
    assert not secret.is_rendered()
    secret.render()
    Path(secret.stored).write_text("another\n")
    assert not secret.is_rendered()


def test_a_link_in_its_place_is_not_it(secret: slipway_secrets.Secret) -> None:
    secret.store()
    secret.render()
    os.rename(secret.rendered, f"{secret.rendered}.moved")
    os.symlink(f"{secret.rendered}.moved", secret.rendered)
    assert not secret.is_rendered()


def test_a_folder_that_docker_made_in_its_place_gives_way(secret: slipway_secrets.Secret) -> None:
    secret.store()
    Path(secret.rendered).mkdir(parents=True)
    Path(secret.rendered).chmod(0o400)
    assert not secret.is_rendered()
    secret.render()
    assert secret.is_rendered()


def test_a_folder_where_it_is_kept_gives_way(secret: slipway_secrets.Secret, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slipway_secrets, "has_access", lambda *_: True)
    Path(secret.stored).mkdir()
    assert not secret.is_stored()
    secret.store()
    assert secret.is_stored()


def test_a_file_in_its_folders_place_gives_way(secret: slipway_secrets.Secret) -> None:
    secret.store()
    Path(secret.rendered).parent.parent.mkdir(parents=True)
    Path(secret.rendered).parent.write_text("x")
    secret.render()
    assert secret.is_rendered()


def test_it_is_on_the_disk_once_it_is_made(secret: slipway_secrets.Secret, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(os.readlink(f"/proc/self/fd/{fd}")))
    secret.store()
    assert synced == [f"{secret.stored}.new", str(Path(secret.stored).parent)]


class Module:
    """What Ansible gives a module."""

    check_mode = False

    def __init__(self, params: dict[str, object]) -> None:
        self.params = params

    def exit_json(self, **result: object) -> None:
        self.result = result


def test_a_run_that_is_killed_anywhere_is_made_good_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "chown", lambda *_: None)
    wanted = [{"consumer": "mlflow", "name": name, "uid": os.getuid(), "bytes": 24} for name in ("one", "two")]
    host = tmp_path / "host"
    module = Module({"wanted": wanted, "store": str(host / "store"), "folder": str(host / "run")})
    monkeypatch.setattr(slipway_secrets, "AnsibleModule", lambda *_, **__: module)
    for point in killing.points(slipway_secrets.main):
        shutil.rmtree(host)
        assert killing.run(slipway_secrets.main, killed_at=point) == -9
        made = {path.name: path.read_text() for path in host.glob("store/mlflow/*") if path.suffix != ".new"}
        killing.run(slipway_secrets.main)
        now = {path.name: path.read_text() for path in host.glob("store/mlflow/*")}
        assert now.keys() == {"one", "two"}
        assert made.items() <= now.items()
        assert {path.name: path.read_text() for path in host.glob("run/mlflow/*")} == now
