"""The container that plays the host."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from containers import machines
from containers.docker import docker, inspect, is_running
from rehearsal import cloud_init
from rehearsal.checkout import Checkout
from rehearsal.progress import Progress
from rehearsal.state import State, save
from workstation.errors import CommandError
from workstation.ports import HOST, choose

CLOUD_INIT = "/var/lib/cloud/seed/nocloud"
DATA = Path("/var/lib/slipway")
HTTPS = 443
TIMER = "/etc/systemd/system/slipway-pull.timer"
# The roles restart Docker while they run, so a pull may fail: try again.
PULL = "for image; do until timeout 300 docker pull --quiet $image; do sleep 0.5; done; done"
# One `docker exec` for two answers: the agent's status (during the first run from its clone), and the last line of
# Ansible's report, which has the task that runs now.
END = "=== end of status"
STATUS = f"""
if command -v slipway-pull >/dev/null; then slipway-pull status --json
else cd {DATA}/bootstrap && python3 -m agent status --json; fi
echo {END}
if [ -e {DATA}/report.jsonl ]; then tail -n 1 {DATA}/report.jsonl; fi
"""


class Host:
    """The host of one checkout."""

    def __init__(self, checkout: Checkout) -> None:
        """The container need not exist yet."""
        self.checkout = checkout
        self.name = checkout.named("host")

    def start(self, state: State, progress: Progress) -> str:
        """Boot the host if it does not run; return what was done."""
        found = inspect("container", self.name)
        if found is None:
            return self._create(state, progress)
        if not found["State"]["Running"]:
            docker("start", self.name)
            machines.await_boot(self.name)
            return "started again"
        if found["Image"] != state.images["host"]:
            progress.say("the host runs an older image `host`: `make down`, then `make up` starts the new one")
        return "was running"

    def _create(self, state: State, progress: Progress) -> str:
        state.https = choose(state.https or self.checkout.first_port() + 1, {state.registry})
        save(self.checkout, state)
        cloud_init.write(self.checkout, self.name)
        progress.news("booting the host with systemd and cloud-init")
        options = [
            *("--network", self.checkout.named("net"), "--publish", f"{HOST}:{state.https}:{HTTPS}"),
            *("--volume", f"{self.checkout.cloud_init}:{CLOUD_INIT}:ro"),
        ]
        try:
            machines.start(self.name, *options, image=state.images["host"])
        except BaseException:
            # Otherwise the next `up` would mistake half a host for a whole one.
            machines.remove(self.name)
            raise
        return "booted"

    def run(self, *command: str, stdin: bytes | None = None) -> str:
        """Return what a command prints on the host; raises CommandError where it fails."""
        return docker("exec", *(["-i"] if stdin is not None else []), self.name, *command, stdin=stdin)

    def read(self, path: Path | str) -> str | None:
        """Return the content of a file on the host, None where it does not exist."""
        done = subprocess.run(["docker", "exec", self.name, "cat", str(path)], check=False, capture_output=True)
        return done.stdout.decode() if done.returncode == 0 else None

    def require(self) -> None:
        """Raise CommandError where the host does not run."""
        if not is_running(self.name):
            raise CommandError(f"the host {self.name} is not running: `make up` starts it")

    def copy(self, folder: Path, target: Path) -> None:
        """Copy a folder to the host; the target appears only when it is complete."""
        fresh = f"{target}.new"
        self.run("sh", "-c", 'rm -rf "$0" && mkdir -p "$0"', fresh)
        docker("cp", f"{folder}/.", f"{self.name}:{fresh}")
        self.run("sh", "-c", 'chown -R 0:0 "$0" && rm -rf "$1" && mv "$0" "$1"', fresh, str(target))

    @contextmanager
    def pulling(self, *images: str) -> Iterator[None]:
        """Pull images on the host in the background; the roles pull what is missing at the end of the block."""
        command = ["docker", "exec", self.name, "timeout", "600", "sh", "-c", PULL, "sh", *images]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                yield
            finally:
                process.terminate()

    def has_timer(self) -> bool:
        """Whether the agent is installed."""
        return self.read(TIMER) is not None

    def poll_now(self) -> None:
        """Make the agent poll its branch now instead of at its next timer."""
        self.require()
        self.run("systemctl", "start", "--no-block", "slipway-pull.service")

    def agent_status(self) -> tuple[dict[str, Any], str]:
        """Return what `slipway-pull status` prints (empty before the agent is installed), and the task that runs."""
        self.require()
        done = subprocess.run(["docker", "exec", self.name, "sh", "-c", STATUS], check=False, capture_output=True)
        return parse(done.stdout.decode(errors="replace"))


def parse(output: str) -> tuple[dict[str, Any], str]:
    """Return the agent's status and the task, from the output of `STATUS`."""
    status, _, event = output.partition(END)
    return _object(status), task_of(event.strip())


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}  # not installed yet, or replaced right now
    return found if isinstance(found, dict) else {}


def task_of(event: str) -> str:
    """Return the role and the task that a line of Ansible's report names, "" where it names none."""
    found = _object(event.splitlines()[-1] if event else "")
    task = str(found.get("task", ""))
    role = str(found.get("role", ""))
    return f"role {role}: {task.removeprefix(f'{role} : ')}" if role else task
