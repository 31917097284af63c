"""Runs all health checks. They are cheap: one systemctl, a few sockets, a few stats."""

import json
import os
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from agent import process
from agent.health import certificate, fingerprints, http_client
from agent.health.checks import Check
from agent.health.fingerprints import Fingerprints

LIMIT_SECONDS = 3.0
# A service that started so recently may not answer yet.
GRACE_SECONDS = 20.0
# A TLS handshake costs a third of a poll, so most polls only connect.
HANDSHAKE_SECONDS = 300
# The part that a kind of check cannot do without.
NEEDS = {"container": "docker", "path": "gateway"}
# Checks that need an answer, which a starting service cannot give.
ANSWERS = ("engine", "container", "https", "http", "path")
# The checks that say where the gateway answers.
DOORS = ("http", "https")
PROPERTIES = "LoadState,ActiveState,UnitFileState,NRestarts,ActiveEnterTimestampMonotonic"
ENGINE = "/run/docker.sock"


class Health(NamedTuple):
    """The result of all checks."""

    parts: dict[str, str]  # the problem of each part, "" for none
    roles: tuple[str, ...]  # the roles with something to repair
    restarts: dict[str, int]  # the restart counts of units and containers
    handshake_at: float = 0  # when the gateway last completed a TLS handshake, 0 if it failed to

    @property
    def problems(self) -> str:
        """All problems as one text, "" for none."""
        return "; ".join(f"{part}: {problem}" for part, problem in self.parts.items() if problem)


def probe(
    checks: list[Check],
    damaged: Mapping[str, str],
    restarts: Mapping[str, int],
    files: Fingerprints,
    handshake_at: float = 0,
) -> Health:
    """Run the checks. `damaged` are the roles whose checks cannot be read.

    `restarts` are the counts of the last check, `files` the fingerprints of the last run, `handshake_at` the time of
    the gateway's last TLS handshake, 0 to make one now.
    """
    run = _Probe(checks, restarts, files, handshake_at)
    parts = {check.part: run.part(check.part) for check in checks}
    # A part that only lacks another part usually recovers with it; the next check sees the others.
    own = {part for part, problem in parts.items() if problem and part not in run.lacking | run.renewing}
    roles = {check.role for check in checks if check.part in own} | damaged.keys()
    # A part that was restarted and works again is reported but not repaired.
    parts |= {part: restart for part, restart in run.restarted.items() if not parts[part]} | dict(damaged)
    return Health(parts, tuple(sorted(roles)), run.restarts, run.handshake_at)


class _Probe:
    """Runs each check at most once."""

    def __init__(
        self, checks: list[Check], restarts: Mapping[str, int], files: Fingerprints, handshake_at: float
    ) -> None:
        self.checks, self.files, self.handshake_at = checks, files, handshake_at
        self.restarts = dict(restarts)
        self.restarted: dict[str, str] = {}
        self.lacking: set[str] = set()
        # A run cannot renew a certificate: a timer tries, and the public authority counts the attempts.
        self.renewing: set[str] = set()
        self._started: dict[str, Callable[[], float]] = {}
        self._problems: dict[str, str] = {}

    def part(self, name: str) -> str:
        """Return the first problem of a part, "" for none."""
        if name not in self._problems:
            self._problems[name] = ""  # while its checks run
            mine = (self._problem(check) for check in self.checks if check.part == name)
            self._problems[name] = next((problem for problem in mine if problem), "")
        return self._problems[name]

    def _problem(self, check: Check) -> str:
        needed = NEEDS.get(check.kind, check.part)
        if needed != check.part and self.part(needed):
            self.lacking.add(check.part)
            return f"it needs {needed}, which is unhealthy"
        problem = self._run(check)
        starting = self._is_starting(needed) or self._is_starting(check.part)
        return "" if problem and check.kind in ANSWERS and starting else problem

    def _run(self, check: Check) -> str:
        try:
            problem: str = getattr(self, f"_{check.kind}")(check)
        except TimeoutError:
            return f"{check.target} did not answer within {LIMIT_SECONDS:.0f} s"
        except (OSError, ValueError) as error:
            about = f"{error.filename}: " if isinstance(error, OSError) and error.filename else ""
            return f"{check.target} cannot be checked: {about}{getattr(error, 'strerror', None) or error}"
        return problem

    def _is_starting(self, part: str) -> bool:
        # A service that keeps restarting does not count as starting.
        return part not in self.restarted and part in self._started and 0 <= self._started[part]() < GRACE_SECONDS

    def _unit(self, check: Check) -> str:
        unit = self._units.get(check.target, {})
        if unit.get("LoadState") != "loaded":
            return f"{check.target} is {unit.get('LoadState') or 'unknown to systemd'}"
        self._count(check.part, check.target, int(unit.get("NRestarts") or 0))
        started = int(unit["ActiveEnterTimestampMonotonic"]) / 1e6
        self._started[check.part] = lambda: time.monotonic() - started
        if unit["ActiveState"] == "activating" and check.part not in self.restarted:
            self._started[check.part] = lambda: 0.0
        elif unit["ActiveState"] not in ("active", "reloading"):
            return f"{check.target} is {unit['ActiveState']}"
        if unit["UnitFileState"] == "disabled":
            return f"{check.target} is disabled and would not start at the next boot"
        return ""

    @cached_property
    def _units(self) -> dict[str, dict[str, str]]:
        names = [check.target for check in self.checks if check.kind == "unit"]
        command = ["systemctl", "show", f"--property={PROPERTIES}", "--", *names]
        done = process.capture(command, limit=LIMIT_SECONDS, env=os.environ)
        if done.timed_out:
            raise TimeoutError
        blocks = done.output.strip().split("\n\n")
        return {
            name: dict(line.split("=", 1) for line in block.splitlines())
            for name, block in zip(names, blocks, strict=False)
        }

    def _engine(self, check: Check) -> str:
        status, _ = http_client.docker(check.target, "/_ping", LIMIT_SECONDS)
        return "" if status == 200 else f"Docker Engine answers with status {status}"

    def _container(self, check: Check) -> str:
        name = check.target.replace("{link}", os.path.basename(os.readlink(check.link)) if check.link else "")
        engine = next((each.target for each in self.checks if each.kind == "engine"), ENGINE)
        status, body = http_client.docker(engine, f"/containers/{name}/json", LIMIT_SECONDS)
        if status != 200:
            return f"container {name} is missing" if status == 404 else f"Docker Engine answers with status {status}"
        found = json.loads(body)
        state: dict[str, Any] = found["State"]
        self._count(check.part, f"container {name}", found["RestartCount"])
        self._started[check.part] = lambda: _age(state["StartedAt"])
        if state["Status"] != "running":
            return f"container {name} is {state['Status']}"
        return ""

    def _link(self, check: Check) -> str:
        if not os.path.islink(check.target):
            return f"the link {check.target} is missing"
        return "" if os.path.exists(check.target) else f"the link {check.target} is broken"

    def _https(self, check: Check) -> str:
        gateway = http_client.Gateway(check.target, check.name, check.ca)
        if 0 <= time.time() - self.handshake_at < HANDSHAKE_SECONDS:
            http_client.connect(gateway, LIMIT_SECONDS)
            return ""
        self.handshake_at = 0
        http_client.gateway(gateway, "", LIMIT_SECONDS)
        self.handshake_at = time.time()
        return ""

    def _http(self, check: Check) -> str:
        # What it answers is a check of kind `path`.
        http_client.connect(http_client.Gateway(check.target), LIMIT_SECONDS)
        return ""

    def _path(self, check: Check) -> str:
        doors = [each for each in self.checks if each.kind in DOORS]
        if not doors:
            return f"{check.target} cannot be checked: no check says where the gateway is"
        door = min(doors, key=lambda each: DOORS.index(each.kind))
        gateway = http_client.Gateway(door.target, door.name, door.ca)
        status = http_client.gateway(gateway, check.target, LIMIT_SECONDS)
        return "" if status == 200 else f"{check.target} answers with status {status}"

    def _file(self, check: Check) -> str:
        return fingerprints.problem(self.files, check.target)

    def _certificate(self, check: Check) -> str:
        with open(check.target, encoding="utf-8") as file:
            problem = certificate.problem(json.load(file), time.time())
        if problem:
            self.renewing.add(check.part)
        return problem

    def _count(self, part: str, name: str, restarts: int) -> None:
        more = restarts - self.restarts.get(name, restarts)
        self.restarts[name] = restarts
        if more > 0:
            self.restarted[part] = f"{name} was restarted since the last check, {restarts} times in total"


def _age(started: str) -> float:
    from datetime import UTC, datetime

    return (datetime.now(UTC) - datetime.fromisoformat(started)).total_seconds()
