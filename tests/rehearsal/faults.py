"""Faults of a running host, each as a shell command that causes it there."""

import subprocess
import time
from dataclasses import dataclass

from rehearsal import gateway
from rehearsal.host import Host
from rehearsal.releases import Releases

LIVE = "api-$(basename $(readlink /var/lib/slipway/api/current))"
ROUTES, SECRETS = "/etc/haproxy/slipway", "/run/slipway/secrets/mlflow"
CONFIG = "/etc/haproxy/slipway/00-gateway.cfg"
# Signed by the host's own authority, with the host's key, and no longer valid.
EXPIRE = """
set -e
cd /var/lib/slipway/gateway/certificates
openssl x509 -in default.pem -x509toreq -signkey default.pem -copy_extensions copyall -out request
openssl x509 -req -in request -CA ../ca.crt -CAkey ca.key -copy_extensions copyall \
    -not_before 20240101000000Z -not_after 20240201000000Z -out expired
openssl pkey -in default.pem >>expired
mv expired default.pem && rm request
systemctl reload haproxy
"""
FAULTS = {
    "gateway stopped": "systemctl stop haproxy",
    "gateway killed": "systemctl kill --signal=KILL haproxy",
    "gateway's unit disabled": "systemctl disable haproxy",
    "gateway's unit masked, and stopped": "systemctl mask --now haproxy",
    "gateway's unit file removed": "rm /etc/systemd/system/haproxy.service.d/slipway.conf",
    "gateway's configuration removed": f"rm {CONFIG}",
    "gateway's configuration corrupted, and restarted": f"echo '{{' >{CONFIG}; systemctl restart --no-block haproxy",
    "gateway's certificate expired": EXPIRE,
    "Docker stopped": "systemctl stop docker.service docker.socket",
    "API stopped": f"docker stop {LIVE}",
    "API killed": f"docker kill {LIVE}",
    "API's process killed": f"kill -9 $(docker inspect --format '{{{{.State.Pid}}}}' {LIVE})",
    "API's container removed": f"docker rm --force {LIVE}",
    "API's container paused": f"docker pause {LIVE}",
    "API's link removed": "rm /var/lib/slipway/api/current",
    "API's colours both gone": "rm /var/lib/slipway/api/serving/*",
    "API's record emptied": ": >/var/lib/slipway/release.json",
    "API's route removed": f"rm {ROUTES}/api.cfg",
    "API's bundles deleted": "rm -r /var/lib/slipway/models/*",
    # Not next to the other faults of Docker: systemd starts a unit at most three times a minute.
    "Docker killed": "systemctl kill --signal=KILL docker",
    "MLflow stopped": "docker stop mlflow",
    "MLflow killed": "docker kill mlflow",
    "MLflow's container removed": "docker rm --force mlflow",
    "MLflow's container paused": "docker pause mlflow",
    "MLflow's route corrupted": f"echo '}}' >{ROUTES}/mlflow.cfg",
    "MLflow's secrets removed": f"rm -r {SECRETS}",
    "agent's checks removed": "rm -r /etc/slipway/health.d",
    "Docker's configuration removed": "rm /etc/docker/daemon.json",
}
# Long, for a busy computer: the table shows how long it took. The goal is two minutes.
LIMIT_SECONDS = 400.0


@dataclass(frozen=True)
class Course:
    """The course of a fault: when `status` reported it and what it printed, and when everything was served again."""

    reported: float
    output: str
    repaired: float


def status(host: Host) -> tuple[int, str]:
    """Return exit code and output of `slipway-pull status` on the host."""
    command = ["docker", "exec", host.name, "slipway-pull", "status"]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def serves(releases: Releases) -> bool:
    """Whether API and MLflow answer through the gateway."""
    try:
        return all(
            gateway.ask(releases.checkout, f"{releases.url}{path}")[0] == 200 for path in ("/readyz", "/mlflow/health")
        )
    except OSError:
        return False


def cause(releases: Releases, fault: str) -> Course:
    """Cause a fault, and wait until the host has reported and repaired it; raises AssertionError if it does not."""
    started = time.monotonic()
    releases.host.run("sh", "-c", FAULTS[fault])
    reported, report, output = 0.0, "", ""
    while (seconds := time.monotonic() - started) < LIMIT_SECONDS:
        code, output = status(releases.host)
        if not reported and code == 1:
            reported, report = seconds, output
        elif reported and code == 0 and "in sync" in output and serves(releases):
            return Course(reported, report, time.monotonic() - started)
    noticed = "reported, but" if reported else "not reported,"
    raise AssertionError(f"{fault}: {noticed} not repaired within {LIMIT_SECONDS:.0f} s: {output}")


def table(courses: dict[str, Course]) -> str:
    """Return the table for docs/operate.md."""
    rows = [f"| {fault} | {course.reported:.0f} | {course.repaired:.0f} |" for fault, course in courses.items()]
    return "\n".join(["| fault | seen after, s | repaired after, s |", "|---|---|---|", *rows])
