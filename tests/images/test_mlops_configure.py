"""images/mlops/serve.py: the configuration for MLflow."""

import fnmatch
import os
from pathlib import Path

import pytest

from images.mlops import serve
from images.mlops.errors import Refused


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SLIPWAY_SECRETS", str(tmp_path))
    (tmp_path / "admin_password").write_text("correct-horse-battery\n")
    (tmp_path / "flask_secret_key").write_text("a key for forms\n")
    return tmp_path


@pytest.fixture
def environment(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The variables that `configure` sets; the environment of the tests does not change."""
    changed: dict[str, str] = {}
    with monkeypatch.context() as patched:
        patched.setattr(os, "environ", {"SLIPWAY_SECRETS": str(secrets)})
        serve.configure()
        changed = dict(os.environ)
    return changed


def test_mlflow_reads_the_names_that_are_set_for_its_workers(environment: dict[str, str]) -> None:
    from mlflow.environment_variables import _MLFLOW_SGI_NAME
    from mlflow.server import constants

    names = {name for name in environment if name.startswith("_MLFLOW")}
    known = {value for key, value in vars(constants).items() if key.endswith("_ENV_VAR")}
    assert names - {_MLFLOW_SGI_NAME.name} <= known
    assert _MLFLOW_SGI_NAME.name in names
    assert constants.SERVE_ARTIFACTS_ENV_VAR in names


def test_secrets_come_without_the_line_break_of_their_files(environment: dict[str, str]) -> None:
    assert environment["MLFLOW_AUTH_ADMIN_PASSWORD"] == "correct-horse-battery"
    assert environment["MLFLOW_FLASK_SERVER_SECRET_KEY"] == "a key for forms"


def test_a_secret_that_is_missing_or_empty_is_named(secrets: Path) -> None:
    (secrets / "admin_password").write_text("\n")
    with pytest.raises(Refused, match="admin_password is empty"):
        serve.secret("admin_password")
    (secrets / "admin_password").unlink()
    with pytest.raises(Refused, match="admin_password: No such file or directory; wanted a secret"):
        serve.secret("admin_password")


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("ml.example.com", True),
        ("ml.example.com:8443", True),
        ("localhost:5000", True),
        ("127.0.0.1", True),
        ("[::1]:5000", True),
        ("10.1.2.3:5000", True),
        ("172.31.0.9", True),
        ("172.32.0.9", False),
        ("evil.test", False),
        ("ml.example.com.evil.test", False),
        ("evil-ml.example.com", False),
    ],
)
def test_hosts_are_the_configured_names_localhost_and_private_networks(host: str, known: bool) -> None:
    patterns = serve.hosts(["ml.example.com"]).split(",")
    assert any(fnmatch.fnmatch(host, pattern) if "*" in pattern else host == pattern for pattern in patterns) == known


def test_pages_that_may_change_something_are_those_of_the_names_over_https() -> None:
    assert serve.origins(["a.test", "b.test"]).split(",") == [
        *("https://a.test", "https://a.test:*"),
        *("https://b.test", "https://b.test:*"),
    ]


def test_users_are_kept_on_the_volume() -> None:
    assert serve.logins().parent == serve.FOLDER
