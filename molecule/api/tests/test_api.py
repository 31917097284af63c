"""The role `api`: a release answers over HTTPS, its containers have few rights, a bad release does not replace it."""

import json
import os
from collections.abc import Callable
from typing import Any

import pytest
from testinfra.host import Host

from containers.scenarios.gateway import Gateway

UNITS = ("docker", "haproxy")
MODEL = "california"
BUNDLE = "/srv/bundle"
USER = 10001
Converge = Callable[..., tuple[int, str]]


def golden(host: Host) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(host.file(f"{BUNDLE}/golden.json").content_string)
    return found


def release(**replaced: Any) -> dict[str, Any]:
    """Return the scenario's release with other values for some keys."""
    found: dict[str, Any] = json.loads(os.environ["SLIPWAY_OVERRIDES"])["release"]
    return found | replaced


def served(host: Host) -> str:
    return str(host.check_output("docker ps --quiet --filter name=api-"))


def answer(host: Host, gateway: Gateway) -> list[float]:
    body = json.dumps({"features": golden(host)["rows"]})
    status, _, output = gateway.ask("/predict", "--json", body)
    assert status == 200, output
    found: list[float] = json.loads(output)["predictions"]
    return found


def test_it_answers_what_the_bundle_says(host: Host, gateway: Gateway) -> None:
    assert answer(host, gateway) == pytest.approx(golden(host)["predictions"], abs=1e-5)


def test_what_it_counts_is_nobody_elses_business(gateway: Gateway) -> None:
    assert gateway.ask("/metrics")[0] == 404


def test_one_container_serves_and_may_do_no_more_than_it_needs(host: Host) -> None:
    names = host.check_output("docker ps --format '{{.Names}}' --filter name=api-").split()
    assert len(names) == 1
    found = json.loads(host.check_output(f"docker container inspect {names[0]}"))[0]
    limits = found["HostConfig"]
    assert limits["ReadonlyRootfs"]
    assert limits["CapDrop"] == ["ALL"]
    assert not limits["CapAdd"]
    assert "no-new-privileges" in limits["SecurityOpt"]
    assert limits["NetworkMode"] == "none"
    for limit, controller in (("Memory", "MemoryLimit"), ("PidsLimit", "PidsLimit")):
        can = host.check_output("docker info --format '{{.%s}}'", controller) == "true"
        assert bool(limits[limit]) == can, limit
    assert set(host.check_output(f"docker top {names[0]} -o pid,uid").split()[3::2]) == {str(USER)}


def test_nobody_but_the_gateway_reaches_it(host: Host) -> None:
    socket = "/var/lib/slipway/api/current/http.sock"
    for user, reaches in (("haproxy", True), ("nobody", False)):
        command = f"setpriv --reuid={user} --regid={user if user == 'haproxy' else 65534} --clear-groups"
        done = host.run(f"{command} curl -sS --unix-socket {socket} http://localhost/readyz")
        assert done.succeeded == reaches, done.stderr


@pytest.mark.parametrize(
    ("replaced", "reason"),
    [
        ({"image": f"registry:5000/slipway-api@sha256:{'0' * 64}"}, "docker pull"),
        ({"models": {MODEL: {"uri": f"file://{BUNDLE}", "sha256": "0" * 64}}}, "sha256"),
        ({"models": {MODEL: {"uri": "file:///srv/nothing", "sha256": "1" * 64}}}, "/srv/nothing"),
    ],
    ids=["no such image", "another sha256", "no such bundle"],
)
def test_a_release_that_is_wrong_leaves_the_old_one_serving(
    host: Host, gateway: Gateway, converge: Converge, replaced: dict[str, Any], reason: str
) -> None:
    before = served(host)
    code, output = converge(release=release(**replaced))
    assert code != 0
    assert reason in output
    assert served(host) == before
    assert answer(host, gateway)


def live(host: Host) -> str:
    """Return the name of the container that the gateway sends requests to."""
    return f"api-{host.check_output('readlink /var/lib/slipway/api/current')}"


# tests/plugins has the others, on an engine that is quicker.
FAULTS = {
    "removed": "docker rm --force {live}",
    "killed": "docker kill {live}",
    "paused": "docker pause {live}",
    "without bundles, and stopped": "rm -r /var/lib/slipway/models && docker stop {live}",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_run_of_the_role_alone_repairs(host: Host, gateway: Gateway, converge: Converge, fault: str) -> None:
    host.check_output(FAULTS[fault].replace("{live}", live(host)))
    code, output = converge(tags="api")
    assert code == 0, output
    assert answer(host, gateway) == pytest.approx(golden(host)["predictions"], abs=1e-5)
    assert len(served(host).split()) == 1


def test_a_full_disk_is_the_reason_and_leaves_nothing(host: Host, gateway: Gateway, converge: Converge) -> None:
    before = served(host)
    models = "/var/lib/slipway/models"
    # This mount hides the bundles of the current release until it is removed.
    host.check_output(f"mount -t tmpfs -o size=64k tmpfs {models}")
    try:
        code, output = converge(tags="api")
        assert code != 0
        assert "No space left on device" in output
        assert host.check_output(f"ls {models}") == ""
    finally:
        host.check_output(f"umount {models}")
    assert served(host) == before
    assert answer(host, gateway)


def test_an_image_that_cannot_serve_leaves_the_old_one_and_says_why(
    host: Host, gateway: Gateway, converge: Converge
) -> None:
    before = served(host)
    files = "/bin/sh /lib/x86_64-linux-gnu/libc.so.6 /lib64/ld-linux-x86-64.so.2"
    command = 'CMD ["sh", "-c", "echo no serving here >&2; exit 3"]'
    name = release()["image"].rpartition("@")[0].replace("slipway-api", "slipway-other")
    host.check_output(f"tar --create --dereference {files} | docker import --change '{command}' - {name}")
    host.check_output(f"docker push {name}")
    digest = host.check_output(f"docker image inspect --format '{{{{index .RepoDigests 0}}}}' {name}")
    code, output = converge(release=release(image=digest))
    assert code != 0
    assert "its container ended: no serving here; the previous release keeps serving" in output
    assert served(host) == before
    assert answer(host, gateway)


def test_a_broken_route_is_written_anew_and_the_gateway_starts(
    host: Host, gateway: Gateway, converge: Converge
) -> None:
    host.check_output("echo wrong >/etc/haproxy/slipway/api.cfg; systemctl stop haproxy")
    code, output = converge()
    assert code == 0, output
    assert "api.cfg.broken" in " ".join(output.split())
    assert answer(host, gateway)
    host.check_output("rm /etc/haproxy/slipway/api.cfg.broken")


def test_a_body_that_arrives_slowly_is_waited_for(host: Host, gateway: Gateway) -> None:
    body = json.dumps({"features": golden(host)["rows"][:1]})
    headers = ["POST /predict HTTP/1.1", "Host: localhost", "Content-Type: application/json", "Connection: close"]
    head = "\\r\\n".join([*headers, f"Content-Length: {len(body)}", "", ""])
    # Longer than the server waits by default, shorter than request_timeout_seconds.
    sending = f"printf '{head}{body[:20]}'; sleep 12; printf '%s' '{body[20:]}'"
    connection = "openssl s_client -quiet -connect localhost:443 -servername localhost"
    done = host.run(f"({sending}) | timeout 25 {connection}")
    assert done.stdout.startswith("HTTP/1.1 200"), done.stdout


def test_it_is_back_after_a_boot(host: Host, gateway: Gateway, reboot: Callable[[], None]) -> None:
    reboot()
    assert answer(host, gateway) == pytest.approx(golden(host)["predictions"], abs=1e-5)
    assert gateway.ask("/readyz")[0] == 200


def test_a_host_that_leaves_the_group_serves_no_more(host: Host, converge: Converge) -> None:
    code, output = converge(tags="api", groups=("ops",))
    assert code == 0, output
    assert host.check_output("docker ps --all --quiet --filter name=api-") == ""
    assert host.run("readlink /var/lib/slipway/api/current").failed
    assert host.check_output("ls /var/lib/slipway/models")
    code, output = converge()
    assert code == 0, output
    assert served(host)


def test_nothing_released_takes_it_back(host: Host, gateway: Gateway, converge: Converge) -> None:
    code, output = converge(release={})
    assert code == 0, output
    assert served(host) == ""
    assert gateway.ask("/predict", "--json", "{}")[0] == 503
    # The tests of the other files need it.
    code, output = converge()
    assert code == 0, output
    assert served(host)
