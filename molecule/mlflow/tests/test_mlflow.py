"""The role `mlflow`: MLflow answers behind its login, keeps its data, and its secrets show nowhere."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from testinfra.host import Host

from containers.scenarios.gateway import Gateway

UNITS = ("docker", "haproxy")
SECRETS = "/run/slipway/secrets/mlflow"
USER = 10001
Converge = Callable[..., tuple[int, str]]
EXPERIMENTS = "/mlflow/api/2.0/mlflow/experiments"
# Files and logs in which a secret could have been written.
PLACES = "/etc /var/lib/slipway/metrics /var/log /var/lib/docker/containers /var/lib/systemd /root /tmp /usr/local"


def login(host: Host) -> str:
    return f"admin:{host.check_output(f'cat {SECRETS}/admin_password')}"


def inspect(host: Host) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(host.check_output("docker container inspect mlflow"))[0]
    return found


def test_it_asks_for_a_login(gateway: Gateway) -> None:
    for path in ("/mlflow/", f"{EXPERIMENTS}/search", "/mlflow/static-files/index.html"):
        assert gateway.ask(path)[0] == 401


def test_its_page_and_its_interface_answer_below_one_path(host: Host, gateway: Gateway) -> None:
    status, headers, _ = gateway.ask("/mlflow/", "-u", login(host))
    assert status == 200
    assert headers["content-type"].startswith("text/html")
    assert gateway.ask("/mlflow")[0] == 308
    status, _, body = gateway.ask(f"{EXPERIMENTS}/search?max_results=5", "-u", login(host))
    assert status == 200
    assert json.loads(body)["experiments"][0]["name"] == "Default"


def test_what_is_not_its_own_stays_unanswered(gateway: Gateway) -> None:
    assert gateway.ask("/mlflowish")[0] == 503


def test_only_this_host_reaches_its_port(host: Host) -> None:
    assert host.run("curl -sSf http://127.0.0.1:5000/health").succeeded
    listening = [line.split()[3] for line in host.check_output("ss -Hltn").splitlines()]
    assert [address for address in listening if address.endswith(":5000")] == ["127.0.0.1:5000"]


def test_what_it_keeps_outlives_its_container(host: Host, gateway: Gateway, converge: Converge) -> None:
    created = gateway.ask(f"{EXPERIMENTS}/create", "-u", login(host), "--json", '{"name": "kept"}')
    assert created[0] == 200
    host.check_output("docker rm --force mlflow")
    code, output = converge()
    assert code == 0, output
    found = gateway.ask(f"{EXPERIMENTS}/get-by-name?experiment_name=kept", "-u", login(host))
    assert found[0] == 200


@pytest.mark.parametrize("command", ["kill", "pause"])
def test_a_run_of_the_role_alone_repairs(host: Host, gateway: Gateway, converge: Converge, command: str) -> None:
    host.check_output(f"docker {command} mlflow")
    code, output = converge(tags="mlflow")
    assert code == 0, output
    assert gateway.ask(f"{EXPERIMENTS}/search?max_results=5", "-u", login(host))[0] == 200


def test_a_folder_in_place_of_a_secret_is_reported_and_repaired(host: Host, converge: Converge) -> None:
    before = inspect(host)["Id"]
    host.check_output(f"rm {SECRETS}/admin_password && mkdir {SECRETS}/admin_password")
    code, output = converge(tags="mlflow")
    assert code != 0
    assert f"{SECRETS}/admin_password is missing or not a file" in output
    assert inspect(host)["Id"] == before
    code, output = converge(tags="secrets,mlflow")
    assert code == 0, output
    assert host.file(f"{SECRETS}/admin_password").is_file


def test_a_host_that_leaves_the_group_keeps_what_mlflow_had(host: Host, gateway: Gateway, converge: Converge) -> None:
    code, output = converge(tags="mlflow", groups=("api",))
    assert code == 0, output
    assert host.check_output("docker ps --all --quiet --filter name=mlflow") == ""
    assert host.check_output("docker volume ls --quiet --filter name=mlflow") == "mlflow"
    code, output = converge()
    assert code == 0, output
    found = gateway.ask(f"{EXPERIMENTS}/get-by-name?experiment_name=kept", "-u", login(host))
    assert found[0] == 200


def test_an_image_that_cannot_run_is_one_line_and_the_old_container_keeps_running(
    host: Host, converge: Converge
) -> None:
    before = inspect(host)["Id"]
    code, output = converge(mlflow_image=f"registry:5000/slipway-mlops@sha256:{'0' * 64}")
    assert code != 0
    assert "docker pull" in output
    assert inspect(host)["Id"] == before


def test_a_new_password_counts(host: Host, gateway: Gateway, converge: Converge) -> None:
    before = login(host)
    host.check_output("rm /var/lib/slipway/secrets/mlflow/admin_password")
    code, output = converge()
    assert code == 0, output
    assert login(host) != before
    assert gateway.ask(f"{EXPERIMENTS}/search?max_results=5", "-u", login(host))[0] == 200
    assert gateway.ask(f"{EXPERIMENTS}/search?max_results=5", "-u", before)[0] == 401


def test_its_container_may_do_no_more_than_it_needs(host: Host) -> None:
    found = inspect(host)
    limits = found["HostConfig"]
    assert limits["ReadonlyRootfs"]
    assert limits["CapDrop"] == ["ALL"]
    assert not limits["CapAdd"]
    assert "no-new-privileges" in limits["SecurityOpt"]
    # The engine cannot set a limit if the computer's cgroups lack the controller.
    for limit, controller in (("Memory", "MemoryLimit"), ("PidsLimit", "PidsLimit"), ("CpuShares", "CPUShares")):
        can = host.check_output("docker info --format '{{.%s}}'", controller) == "true"
        assert bool(limits[limit]) == can, limit
    assert not limits["Privileged"]
    users = host.check_output("docker top mlflow -o pid,uid").split()[3::2]
    assert set(users) == {str(USER)}


@pytest.mark.parametrize("name", ["admin_password", "flask_secret_key"])
def test_its_secrets_are_nowhere_else(host: Host, name: str) -> None:
    # From a file: an argument would itself be in the list of processes.
    pattern = f"--fixed-strings --file={SECRETS}/{name}"
    for command in ("ps axeww", "journalctl", "docker container inspect mlflow", "docker logs mlflow 2>&1"):
        assert host.run(f"{command} | grep --quiet {pattern}").rc == 1, command
    assert host.run(f"grep --recursive --files-with-matches {pattern} {PLACES}").stdout == ""
    readable = "find /etc /run /var/lib -xdev -type f -perm -o=r -not -path '/run/systemd/*'"
    assert host.run(f"{readable} -exec grep --files-with-matches {pattern} {{}} +").stdout == ""


def test_it_is_back_after_a_boot(host: Host, gateway: Gateway, reboot: Callable[[], None]) -> None:
    reboot()
    waits = "curl -sSf --retry 60 --retry-all-errors --retry-delay 1 http://127.0.0.1:5000/health"
    assert host.run(waits).succeeded
    assert gateway.ask(f"{EXPERIMENTS}/search?max_results=5", "-u", login(host))[0] == 200
