"""The role `api` with `api_access: keys`: who gets in, as whom, and a list that changes without a reload."""

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from testinfra.host import Host

from containers.scenarios import playbook
from containers.scenarios.gateway import Gateway

UNITS = ("docker", "haproxy")
Converge = Callable[..., tuple[int, str]]


def access(*keys: str) -> dict[str, Any]:
    """Return settings with one client, which has these keys."""
    hashes = [{"sha256": hashlib.sha256(key.encode()).hexdigest()} for key in keys]
    return {"api_access": "keys", "api_clients": [{"name": "mobile-app", "keys": hashes}]}


@pytest.fixture(scope="module", autouse=True)
def guarded() -> Iterator[None]:
    """The environment of the scenario is open, before and after."""
    code, output = playbook.run(tags="api", **access("slip_a"))
    assert code == 0, output
    yield
    code, output = playbook.run(tags="api")
    assert code == 0, output


def predict(gateway: Gateway, *headers: str) -> int:
    """Return the status of a prediction; 422 comes from the API, which does not like the body."""
    options = [word for header in headers for word in ("--header", header)]
    return gateway.ask("/predict", "--json", "{}", *options)[0]


def test_only_a_client_with_a_key_reaches_the_api(gateway: Gateway) -> None:
    assert predict(gateway) == 401
    assert predict(gateway, "X-API-Key: slip_b") == 403
    assert predict(gateway, "X-API-Key: slip_a") == 422
    assert predict(gateway, "Authorization: Bearer slip_a") == 422
    assert gateway.ask("/openapi.json")[0] == 401


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/docs", "/docs/icon.svg"])
def test_health_and_the_page_need_no_key(gateway: Gateway, path: str) -> None:
    assert gateway.ask(path)[0] == 200


def test_both_logs_name_the_client_and_have_no_key(host: Host, gateway: Gateway) -> None:
    assert predict(gateway, "X-API-Key: slip_a", "X-Request-ID: asked-with-a-key") == 422
    host.check_output("journalctl --sync")
    container = host.check_output("docker ps --quiet --filter name=api-")
    for log in ("journalctl --unit=haproxy --output=cat", f"docker logs {container}"):
        text = host.check_output(log)
        (line,) = (line for line in text.splitlines() if "asked-with-a-key" in line)
        assert json.loads(line)["client"] == "mobile-app"
        assert "slip_a" not in text


def reloaded(host: Host) -> str:
    return str(host.check_output("systemctl show haproxy --property=StateChangeTimestampMonotonic"))


def test_a_new_list_takes_effect_without_a_reload(host: Host, gateway: Gateway, converge: Converge) -> None:
    before = reloaded(host)
    code, output = converge(tags="api", **access("slip_new"))
    assert code == 0, output
    assert [predict(gateway, f"X-API-Key: {key}") for key in ("slip_a", "slip_new")] == [403, 422]
    # Nor does a later run want one.
    code, output = converge(tags="gateway,api", **access("slip_new"))
    assert code == 0, output
    assert " changed=0 " in output
    assert reloaded(host) == before
