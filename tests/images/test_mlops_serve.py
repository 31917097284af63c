"""The MLflow server, in a container as the role runs it."""

from collections.abc import Callable

import pytest

from containers.docker import docker
from containers.labels import TESTS as LABEL
from tests.images.tracking import PASSWORD, Tracking

pytestmark = pytest.mark.slow

Serve = Callable[..., Tracking]
# MLflow itself would answer some of them without a login.
PATHS = (
    *("/", "/version", "/metrics", "/graphql", "/signup", "/static-files/index.html", "/get-artifact"),
    *("/api/2.0/mlflow/experiments/search", "/ajax-api/2.0/mlflow/experiments/search", "/api/2.0/mlflow/users/create"),
    *("/api/2.0/mlflow-artifacts/artifacts", "/api/2.0/mlflow-artifacts/artifacts/1/x", "/v1/traces"),
    *("/api/3.0/mlflow/server-info", "/ajax-api/3.0/mlflow/assistant/config", "/gateway/x/mlflow/invocations"),
    *("/mlflow/", "/mlflow/api/2.0/mlflow/experiments/search", "//api/2.0/mlflow/experiments/search", "/health/../"),
)


def test_without_a_login_it_says_no_more_than_that_it_runs(tracking: Tracking) -> None:
    assert tracking.status("/health") == 200
    for path in PATHS:
        for method in ("GET", "POST", "PUT", "DELETE"):
            assert tracking.status(path, method) == 401, f"{method} {path}"
        assert tracking.status(path, login="admin:wrong-password-1") == 401, path


def test_with_the_login_pages_and_registry_answer(tracking: Tracking) -> None:
    for path in ("/", "/version", "/api/2.0/mlflow/experiments/search?max_results=1"):
        assert tracking.status(path, login=f"admin:{PASSWORD}") == 200


@pytest.mark.parametrize(
    ("host", "status"), [("ml.example.com", 200), ("ml.example.com:8443", 200), ("evil.test", 403)]
)
def test_it_answers_only_to_its_host_names(tracking: Tracking, host: str, status: int) -> None:
    path = "/api/2.0/mlflow/experiments/search?max_results=1"
    assert tracking.status(path, login=f"admin:{PASSWORD}", host=host) == status


@pytest.mark.parametrize(("origin", "status"), [("https://ml.example.com", 400), ("https://evil.test", 403)])
def test_only_its_own_pages_may_change_something(tracking: Tracking, origin: str, status: int) -> None:
    path = "/api/2.0/mlflow/experiments/create"
    assert tracking.status(path, "POST", f"admin:{PASSWORD}", origin=origin) == status


def test_it_runs_as_a_plain_user_and_no_secret_shows(tracking: Tracking) -> None:
    status = docker("exec", tracking.name, "cat", "/proc/1/status")
    assert "Uid:\t10001\t10001" in status
    assert "CapEff:\t0000000000000000" in status
    shown = docker("inspect", tracking.name) + docker("logs", tracking.name)
    shown += docker("exec", tracking.name, "cat", "/proc/1/cmdline", "/proc/1/environ")
    assert PASSWORD not in shown
    modes = docker("exec", tracking.name, "sh", "-c", "stat -c %a /mlflow/*").split()
    assert modes
    assert all(mode.endswith("00") for mode in modes)


def test_what_it_keeps_outlives_it_and_the_password_follows_its_file(serve: Serve, volume: str) -> None:
    first = serve(volume)
    created = first.ask("/api/2.0/mlflow/experiments/create", {"name": "kept"})
    assert first.stop() == 0
    second = serve(volume, password="quite-another-one")
    assert (
        second.ask("/api/2.0/mlflow/experiments/get-by-name?experiment_name=kept")["experiment"]["experiment_id"]
        == (created["experiment_id"])
    )
    assert second.status("/version", login=f"admin:{PASSWORD}") == 401
    assert second.status("/version", login="admin:quite-another-one") == 200
    assert "the password of admin was changed" in second.log()
    assert "quite-another-one" not in second.log()


def test_a_database_of_a_newer_mlflow_is_refused_in_one_sentence(serve: Serve, volume: str) -> None:
    server = serve(volume)
    assert server.stop() == 0
    change = "UPDATE alembic_version SET version_num = 'of tomorrow'"
    code = f'import sqlite3; c = sqlite3.connect("/mlflow/mlflow.db"); c.execute("{change}"); c.commit()'
    docker("run", "--rm", "--label", LABEL, f"--volume={volume}:/mlflow", server.image, "python", "-c", code)
    status, log = serve(volume, wait=False).ended()
    assert status == 1
    assert "revision of tomorrow" in log
    assert "if a newer MLflow wrote it" in log
    assert "Traceback" not in log


def test_without_its_secrets_it_ends_with_a_sentence(serve: Serve, volume: str) -> None:
    code, log = serve(volume, wait=False, password=None).ended()
    assert code == 1
    assert "/run/secrets/admin_password: No such file" in log
    assert "Traceback" not in log
