"""The container that plays the instance."""

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

SEED = "/var/lib/cloud/seed/nocloud"
DATA = Path("/var/lib/slipway")
HTTPS = 443
TIMER = "/etc/systemd/system/slipway-pull.timer"
# A host gets its images while its roles still run; that Docker starts, and starts again, is part of that.
FETCH = "for image; do until timeout 300 docker pull --quiet $image; do sleep 0.5; done; done"
# One call for both: the agent's own account, during the first run from its clone; and what it does right now, where
# Ansible has come to a task.
END = "=== end of status"
LOOK = f"""
if command -v slipway-pull >/dev/null; then slipway-pull status --json
else cd {DATA}/bootstrap && python3 -m agent status --json; fi
echo {END}
if [ -e {DATA}/report.jsonl ]; then tail -n 1 {DATA}/report.jsonl; fi
"""


class Host:
    """One host, by its container."""

    def __init__(self, checkout: Checkout) -> None:
        """It may not be there yet."""
        self.checkout = checkout
        self.name = checkout.named("host")

    def up(self, state: State, progress: Progress) -> str:
        """Have it booted; return what was done about it."""
        found = inspect("container", self.name)
        if found is None:
            return self._create(state, progress)
        if not found["State"]["Running"]:
            docker("start", self.name)
            machines.await_boot(self.name)
            return "started again"
        if found["Image"] != state.images["host"]:
            progress.say("the host still runs the image `host` of before: `make down` and `make up` take the new one")
        return "runs"

    def _create(self, state: State, progress: Progress) -> str:
        state.https = choose(state.https or self.checkout.first_port() + 1, {state.registry})
        save(self.checkout, state)
        cloud_init.write(self.checkout, self.name)
        progress.news("booting the host: systemd, cloud-init")
        options = [
            *("--network", self.checkout.named("net"), "--publish", f"{HOST}:{state.https}:{HTTPS}"),
            *("--volume", f"{self.checkout.cloud_init}:{SEED}:ro"),
        ]
        try:
            machines.start(self.name, *options, image=state.images["host"])
        except BaseException:
            # Half a host is worse than none: the next `up` would take it for one.
            machines.remove(self.name)
            raise
        return "booted"

    def run(self, *command: str, stdin: bytes | None = None) -> str:
        """Return what a command prints on the host; raises CommandError where it fails."""
        return docker("exec", *(["-i"] if stdin is not None else []), self.name, *command, stdin=stdin)

    def read(self, path: Path | str) -> str | None:
        """Return a file of the host, None where there is none."""
        done = subprocess.run(["docker", "exec", self.name, "cat", str(path)], check=False, capture_output=True)
        return done.stdout.decode() if done.returncode == 0 else None

    def require(self) -> None:
        """Raise CommandError where it does not run."""
        if not is_running(self.name):
            raise CommandError(f"the host {self.name} does not run: `make up` starts it")

    def copy(self, folder: Path, target: Path) -> None:
        """Have a folder's files on the host, whole or not at all."""
        fresh = f"{target}.new"
        self.run("sh", "-c", 'rm -rf "$0" && mkdir -p "$0"', fresh)
        docker("cp", f"{folder}/.", f"{self.name}:{fresh}")
        self.run("sh", "-c", 'chown -R 0:0 "$0" && rm -rf "$1" && mv "$0" "$1"', fresh, str(target))

    @contextmanager
    def fetching(self, *images: str) -> Iterator[None]:
        """Have the host pull images meanwhile; what is not there at the end the roles pull themselves."""
        pull = ["docker", "exec", self.name, "timeout", "600", "sh", "-c", FETCH, "sh", *images]
        with subprocess.Popen(pull, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                yield
            finally:
                process.terminate()

    def has_timer(self) -> bool:
        """Whether the agent is installed."""
        return self.read(TIMER) is not None

    def nudge(self) -> None:
        """Have the host look at its branch now rather than when its timer says so."""
        self.require()
        self.run("systemctl", "start", "--no-block", "slipway-pull.service")

    def look(self) -> tuple[dict[str, Any], str]:
        """Return what `slipway-pull status` says, empty before the agent is there, and the task that runs."""
        self.require()
        done = subprocess.run(["docker", "exec", self.name, "sh", "-c", LOOK], check=False, capture_output=True)
        return seen(done.stdout.decode(errors="replace"))


def seen(text: str) -> tuple[dict[str, Any], str]:
    """Return the agent's account and the task, of what `LOOK` prints."""
    status, _, event = text.partition(END)
    return _object(status), told(event.strip())


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}  # not there yet, or between two files
    return found if isinstance(found, dict) else {}


def told(event: str) -> str:
    """Return a line of the agent's report as a person reads it, "" where it is about no task."""
    found = _object(event.splitlines()[-1] if event else "")
    task = str(found.get("task", ""))
    role = str(found.get("role", ""))
    return f"role {role}: {task.removeprefix(f'{role} : ')}" if role else task
