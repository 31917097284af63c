"""What can happen to a running host, each as a line of shell that does it there."""

import subprocess
import time
from dataclasses import dataclass

from rehearsal import gateway
from rehearsal.host import Host
from rehearsal.releases import Releases

LIVE = "api-$(basename $(readlink /var/lib/slipway/api/current))"
ROUTES, SECRETS = "/etc/caddy/slipway.d", "/run/slipway/secrets/mlflow"
CADDYFILE = "/etc/caddy/Caddyfile"
FAULTS = {
    "gateway stopped": "systemctl stop caddy",
    "gateway killed": "systemctl kill --signal=KILL caddy",
    "gateway's unit disabled": "systemctl disable caddy",
    "gateway's unit masked, and stopped": "systemctl mask --now caddy",
    "gateway's unit file removed": "rm /etc/systemd/system/caddy.service.d/slipway.conf",
    "gateway's configuration removed": f"rm {CADDYFILE}",
    "gateway's configuration corrupted, and restarted": f"echo '{{' >{CADDYFILE}; systemctl restart --no-block caddy",
    "Docker stopped": "systemctl stop docker.service docker.socket",
    "API stopped": f"docker stop {LIVE}",
    "API killed": f"docker kill {LIVE}",
    "API's process killed": f"kill -9 $(docker inspect --format '{{{{.State.Pid}}}}' {LIVE})",
    "API's container removed": f"docker rm --force {LIVE}",
    "API's container paused": f"docker pause {LIVE}",
    "API's link removed": "rm /var/lib/slipway/api/current",
    "API's record emptied": ": >/var/lib/slipway/release.json",
    "API's route removed": f"rm {ROUTES}/api.caddy",
    "API's bundles deleted": "rm -r /var/lib/slipway/models/*",
    # Apart: systemd starts Docker three times a minute and no more.
    "Docker killed": "systemctl kill --signal=KILL docker",
    "MLflow stopped": "docker stop mlflow",
    "MLflow killed": "docker kill mlflow",
    "MLflow's container removed": "docker rm --force mlflow",
    "MLflow's container paused": "docker pause mlflow",
    "MLflow's route corrupted": f"echo '}}' >{ROUTES}/mlflow.caddy",
    "MLflow's secrets removed": f"rm -r {SECRETS}",
    "agent's checks removed": "rm -r /etc/slipway/health.d",
    "Docker's configuration removed": "rm /etc/docker/daemon.json",
}
# Only so that a test ends on a busy machine, too: the table shows what it took. The goal is two minutes.
LIMIT_SECONDS = 400.0


@dataclass(frozen=True)
class Course:
    """How a fault went: when `status` told it, what it said, when all was served again."""

    seen: float
    said: str
    repaired: float


def status(host: Host) -> tuple[int, str]:
    """Return what `slipway-pull status` says on the host."""
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


def happen(releases: Releases, fault: str) -> Course:
    """Do it, and wait until the host has told it and works again; raises AssertionError where that takes too long."""
    began = time.monotonic()
    releases.host.run("sh", "-c", FAULTS[fault])
    seen, said, told = 0.0, "", ""
    while (seconds := time.monotonic() - began) < LIMIT_SECONDS:
        code, told = status(releases.host)
        if not seen and code == 1:
            seen, said = seconds, told
        elif seen and code == 0 and "in sync" in told and serves(releases):
            return Course(seen, said, time.monotonic() - began)
    raise AssertionError(
        f"{fault}: {'told, ' if seen else 'not told, '}not repaired within {LIMIT_SECONDS:.0f} s: {told}"
    )


def table(courses: dict[str, Course]) -> str:
    """Return what happened as a table for docs/operate.md."""
    rows = [f"| {fault} | {course.seen:.0f} | {course.repaired:.0f} |" for fault, course in courses.items()]
    return "\n".join(["| fault | seen after, s | repaired after, s |", "|---|---|---|", *rows])
