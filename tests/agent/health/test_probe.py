"""agent/health/probe.py"""

import socket
import time
from pathlib import Path
from typing import Any

import pytest

from agent.health import probe as probing
from agent.health.checks import Check
from agent.health.probe import Health, probe
from tests.agent.health.servers import NAME, Engine, Gateway, Units

UNIT = Check("gateway", "gateway", "unit", "haproxy.service")


def seen(*checks: Check, **memory: Any) -> Health:
    return probe(list(checks), {}, memory.get("restarts", {}), memory.get("files", {}), memory.get("handshake_at", 0))


def problem(*checks: Check, **memory: Any) -> str:
    """What is wrong with the part of the last check."""
    return seen(*checks, **memory).parts[checks[-1].part]


def engine_of(engine: Engine) -> Check:
    return Check("docker", "docker", "engine", str(engine.path))


def door(gateway: Gateway, name: str = NAME) -> Check:
    return Check("gateway", "gateway", "https", gateway.address, name=name, ca=str(gateway.ca))


MLFLOW = Check("mlflow", "mlflow", "container", "mlflow")
READY = Check("api", "api", "path", "/readyz")


@pytest.mark.parametrize(
    ("state", "enabled", "wrong"),
    [
        ("active", "enabled", ""),
        ("reloading", "enabled", ""),
        ("activating", "enabled", ""),
        ("inactive", "enabled", "haproxy.service is inactive"),
        ("failed", "enabled", "haproxy.service is failed"),
        ("active", "disabled", "haproxy.service is disabled and would not start at the next boot"),
        ("", "", "haproxy.service is not-found"),
    ],
)
def test_a_unit_runs_and_will_run_after_a_boot(units: Units, state: str, enabled: str, wrong: str) -> None:
    units.set("haproxy.service", state, enabled=enabled)
    assert problem(UNIT) == wrong


def test_systemd_is_asked_once_for_all_units(units: Units) -> None:
    units.set("haproxy.service")
    units.set("docker.service", "inactive")
    found = seen(UNIT, Check("docker", "docker", "unit", "docker.service"))
    assert found == Health(
        {"gateway": "", "docker": "docker.service is inactive"},
        ("docker",),
        {"haproxy.service": 0, "docker.service": 0},
    )


def test_a_unit_that_systemd_restarted_is_told_once_and_left_alone(units: Units) -> None:
    units.set("haproxy.service", restarts=3)
    first = seen(UNIT, restarts={"haproxy.service": 2})
    assert first.parts == {"gateway": "haproxy.service was restarted since the last check, 3 times in total"}
    assert first.roles == ()
    assert seen(UNIT, restarts=first.restarts).problems == ""


def test_a_unit_that_is_started_over_and_over_is_not_starting(units: Units) -> None:
    units.set("haproxy.service", "activating", restarts=3)
    assert seen(UNIT, restarts={"haproxy.service": 2}).roles == ("gateway",)


@pytest.mark.parametrize("status", ["exited", "paused", "restarting", "created", "dead"])
def test_a_container_runs(engine: Engine, status: str) -> None:
    engine.run("mlflow")
    assert problem(engine_of(engine), MLFLOW) == ""
    engine.run("mlflow", status=status)
    assert problem(engine_of(engine), MLFLOW) == f"container mlflow is {status}"
    engine.containers.clear()
    assert problem(engine_of(engine), MLFLOW) == "container mlflow is missing"


def test_a_container_is_the_one_that_the_link_names(engine: Engine, tmp_path: Path) -> None:
    link = tmp_path / "current"
    checks = [
        engine_of(engine),
        Check("api", "api", "link", str(link)),
        Check("api", "api", "container", "api-{link}", link=str(link)),
    ]
    assert problem(*checks) == f"the link {link} is missing"
    link.symlink_to("green")
    assert problem(*checks) == f"the link {link} is broken"
    (tmp_path / "green").mkdir()
    assert problem(*checks) == "container api-green is missing"
    engine.run("api-green")
    assert problem(*checks) == ""


def test_without_docker_the_rest_is_not_asked_for(units: Units, engine: Engine) -> None:
    units.set("docker.service", "failed")
    unit = Check("docker", "docker", "unit", "docker.service")
    found = seen(MLFLOW, unit, engine_of(engine))
    assert found.parts == {"mlflow": "it needs docker, which is unhealthy", "docker": "docker.service is failed"}
    assert found.roles == ("docker",)
    assert engine.requests == []


def test_the_gateway_is_asked_under_its_name_with_its_certificate(gateway: Gateway) -> None:
    assert problem(door(gateway)) == ""
    assert "certificate verify failed" in problem(door(gateway, "other.example.com"))
    gateway.ca.unlink()
    assert "ca.crt: No such file or directory" in problem(door(gateway))


def test_what_is_behind_the_gateway_answers(gateway: Gateway) -> None:
    gateway.answers["/readyz"] = 200
    assert problem(door(gateway), READY) == ""
    gateway.answers["/readyz"] = 503
    assert problem(door(gateway), READY) == "/readyz answers with status 503"
    assert seen(door(gateway), READY).roles == ("api",)


def test_a_path_is_asked_without_tls_where_the_gateway_has_a_socket(engine: Engine, gateway: Gateway) -> None:
    plain = Check("gateway", "gateway", "http", str(engine.path))
    assert problem(door(gateway), plain, Check("api", "api", "path", "/_ping")) == ""
    missing = Check("api", "api", "path", "/a/path/missing")
    assert problem(door(gateway), plain, missing) == "/a/path/missing answers with status 404"
    assert engine.requests == ["/_ping", "/a/path/missing"]


def test_a_path_without_a_gateway_is_a_problem_and_no_crash() -> None:
    # As when the gateway's own checks come from another version of the role, and cannot be read.
    assert problem(READY) == "/readyz cannot be checked: no check says where the gateway is"


def test_a_handshake_is_made_only_now_and_then(gateway: Gateway) -> None:
    wrong = door(gateway, "other.example.com")
    now = time.time()
    assert seen(door(gateway)).handshake_at >= now
    assert seen(wrong, handshake_at=now) == Health({"gateway": ""}, (), {}, now)
    for due in (0, now - 301, now + 1000):
        found = seen(wrong, handshake_at=due)
        assert "Hostname mismatch" in found.parts["gateway"]
        assert found.handshake_at == 0


def test_without_a_handshake_the_port_is_still_asked() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    away = Check("gateway", "gateway", "https", address, name=NAME, ca="/etc")
    assert problem(away, handshake_at=time.time()) == f"{address} cannot be checked: Connection refused"


def test_a_gateway_that_is_away_is_told_for_what_is_behind_it_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    away = Check("gateway", "gateway", "https", address, name=NAME, ca="/etc")
    found = seen(READY, away)
    assert found.parts["gateway"] == f"{address} cannot be checked: Connection refused"
    assert found.parts["api"] == "it needs gateway, which is unhealthy"


def test_one_that_takes_connections_and_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "LIMIT_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        check = Check("gateway", "gateway", "https", address, name=NAME, ca="/etc")
        assert problem(check) == f"{address} did not answer within 0 s"


def test_what_has_just_started_may_not_answer_yet(engine: Engine, gateway: Gateway) -> None:
    checks = [engine_of(engine), door(gateway), MLFLOW, Check("mlflow", "mlflow", "path", "/mlflow/health")]
    gateway.answers["/mlflow/health"] = 502
    engine.run("mlflow", age=2)
    assert problem(*checks) == ""
    engine.run("mlflow", age=3600)
    assert problem(*checks) == "/mlflow/health answers with status 502"


def test_one_that_is_started_over_and_over_gets_no_time(engine: Engine, gateway: Gateway) -> None:
    checks = [engine_of(engine), door(gateway), MLFLOW, Check("mlflow", "mlflow", "path", "/mlflow/health")]
    gateway.answers["/mlflow/health"] = 502
    engine.run("mlflow", age=2, restarts=7)
    found = seen(*checks, restarts={"container mlflow": 5})
    assert found.parts["mlflow"] == "/mlflow/health answers with status 502"
    assert found.roles == ("mlflow",)


def test_a_role_whose_checks_are_damaged_is_run(units: Units) -> None:
    units.set("haproxy.service")
    found = probe([UNIT], {"api": "api.json: cannot be used"}, {}, {})
    assert (found.parts, found.roles) == ({"gateway": "", "api": "api.json: cannot be used"}, ("api",))


def test_a_gateway_may_answer_at_a_socket(engine: Engine) -> None:
    check = Check("gateway", "gateway", "http", str(engine.path))
    assert problem(check) == ""
    ready = Check("api", "api", "path", "/_ping")
    assert seen(check, ready).parts == {"gateway": "", "api": ""}
    assert seen(check, READY).parts["api"] == "/readyz answers with status 404"
    missing = Check("gateway", "gateway", "http", "/nowhere.sock")
    assert problem(missing) == "/nowhere.sock cannot be checked: No such file or directory"


def test_a_certificate_that_expires_is_told_and_no_run_tries_to_renew_it(tmp_path: Path) -> None:
    path = tmp_path / "certificate.json"
    check = Check("gateway", "certificate", "certificate", str(path))
    path.write_text('{"not_after": 0, "report_at": 0, "problem": "", "since": 0}')
    found = seen(check)
    assert found.parts == {"certificate": "the certificate expired on 1970-01-01 00:00 UTC"}
    assert found.roles == ()
    path.write_text('{"not_after": 4e9, "report_at": 4e9, "problem": "", "since": 0}')
    assert problem(check) == ""


@pytest.mark.parametrize("content", [None, "", "{}"], ids=["missing", "empty", "not a report"])
def test_a_run_makes_the_report_on_a_certificate_again(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "certificate.json"
    if content is not None:
        path.write_text(content)
    found = seen(Check("gateway", "certificate", "certificate", str(path)))
    assert f"{path} cannot be checked" in found.parts["certificate"]
    assert found.roles == ("gateway",)
