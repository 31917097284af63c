"""A secret is made once and rendered as it is; whose they are is for the scenario to see, as root."""

import os
from pathlib import Path

import pytest
from ansible.modules import slipway_secrets


@pytest.fixture
def secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> slipway_secrets.Secret:
    monkeypatch.setattr(slipway_secrets.os, "chown", lambda *_: None)
    (tmp_path / "store" / "mlflow").mkdir(parents=True)
    wanted = {"consumer": "mlflow", "name": "key", "uid": os.getuid(), "bytes": 24}
    return slipway_secrets.Secret(wanted, str(tmp_path / "store"), str(tmp_path / "run"))


def test_it_is_long_and_needs_no_quoting(secret: slipway_secrets.Secret) -> None:
    secret.make()
    value = Path(secret.kept).read_text().rstrip("\n")
    assert len(value) == 32
    assert value.replace("-", "").replace("_", "").isalnum()


def test_what_is_there_keeps_its_value(secret: slipway_secrets.Secret) -> None:
    secret.make()
    value = Path(secret.kept).read_text()
    secret.make()
    assert Path(secret.kept).read_text() == value


def test_an_empty_one_is_no_secret(secret: slipway_secrets.Secret) -> None:
    Path(secret.kept).touch(mode=0o600)
    secret.make()
    assert Path(secret.kept).read_text() != ""


def test_it_is_rendered_for_its_consumer_alone(secret: slipway_secrets.Secret) -> None:
    secret.make()
    assert not secret.is_rendered()
    secret.render()
    assert secret.is_rendered()
    assert Path(secret.rendered).read_text() == Path(secret.kept).read_text()
    assert Path(secret.rendered).stat().st_mode & 0o777 == 0o400
    assert not list(Path(secret.rendered).parent.glob("*.new"))


def test_a_changed_or_loosened_one_is_seen(secret: slipway_secrets.Secret) -> None:
    secret.make()
    secret.render()
    Path(secret.rendered).chmod(0o644)
    assert not secret.is_rendered()
    secret.render()
    Path(secret.kept).write_text("another\n")
    assert not secret.is_rendered()


def test_a_link_in_its_place_is_not_it(secret: slipway_secrets.Secret) -> None:
    secret.make()
    secret.render()
    os.rename(secret.rendered, f"{secret.rendered}.moved")
    os.symlink(f"{secret.rendered}.moved", secret.rendered)
    assert not secret.is_rendered()
