"""One look at everything that the roles have running. Cheap: one systemctl, some sockets, some stats."""

import json
import os
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from agent import process
from agent.health import ask, watched
from agent.health.checks import Check
from agent.health.watched import Looks

LIMIT_SECONDS = 3.0
# What was started so short a time ago may not answer yet.
GRACE_SECONDS = 20.0
# The parts without which others cannot be reached.
NEEDS = {"container": "docker", "path": "gateway"}
# What is asked for an answer, which it cannot give while it starts.
ANSWERS = ("engine", "container", "https", "path")
PROPERTIES = "LoadState,ActiveState,UnitFileState,NRestarts,ActiveEnterTimestampMonotonic"
ENGINE = "/run/docker.sock"


class Health(NamedTuple):
    """What a look found."""

    parts: dict[str, str]  # for each part what is wrong with it, "" for nothing
    roles: tuple[str, ...]  # those that have something to repair
    restarts: dict[str, int]  # how often units and containers were restarted so far

    @property
    def problems(self) -> str:
        """What is wrong, as a sentence; "" where nothing is."""
        return "; ".join(f"{part}: {problem}" for part, problem in self.parts.items() if problem)


def look(checks: list[Check], damaged: Mapping[str, str], restarts: Mapping[str, int], files: Looks) -> Health:
    """Look once. `damaged` are roles whose checks cannot be read, the rest is what the last look and run left."""
    this = _Look(checks, restarts, files)
    parts = {check.part: this.part(check.part) for check in checks}
    # What only lacks another part comes back with that, mostly; what does not is seen by the next look.
    own = {part for part, problem in parts.items() if problem and part not in this.lacking}
    roles = {check.role for check in checks if check.part in own} | damaged.keys()
    # What was restarted and works again is told and left alone.
    parts |= {part: said for part, said in this.restarted.items() if not parts[part]} | dict(damaged)
    return Health(parts, tuple(sorted(roles)), this.restarts)


class _Look:
    """What is found out once is not asked again."""

    def __init__(self, checks: list[Check], restarts: Mapping[str, int], files: Looks) -> None:
        self.checks, self.files = checks, files
        self.restarts = dict(restarts)
        self.restarted: dict[str, str] = {}
        self.lacking: set[str] = set()
        self._began: dict[str, Callable[[], float]] = {}
        self._problems: dict[str, str] = {}

    def part(self, name: str) -> str:
        """Return the first thing that is wrong with a part."""
        if name not in self._problems:
            self._problems[name] = ""  # while it is being found out
            mine = (self._problem(check) for check in self.checks if check.part == name)
            self._problems[name] = next((problem for problem in mine if problem), "")
        return self._problems[name]

    def _problem(self, check: Check) -> str:
        needed = NEEDS.get(check.kind, check.part)
        if needed != check.part and self.part(needed):
            self.lacking.add(check.part)
            return f"{needed} is unhealthy, which it needs"
        problem = self._asked(check)
        starting = self._is_starting(needed) or self._is_starting(check.part)
        return "" if problem and check.kind in ANSWERS and starting else problem

    def _asked(self, check: Check) -> str:
        try:
            problem: str = getattr(self, f"_{check.kind}")(check)
        except TimeoutError:
            return f"{check.target} gave no answer within {LIMIT_SECONDS:.0f} s"
        except (OSError, ValueError) as error:
            about = f"{error.filename}: " if isinstance(error, OSError) and error.filename else ""
            return f"{check.target} cannot be asked: {about}{getattr(error, 'strerror', None) or error}"
        return problem

    def _is_starting(self, part: str) -> bool:
        # One that is started over and over is not starting.
        return part not in self.restarted and part in self._began and 0 <= self._began[part]() < GRACE_SECONDS

    def _unit(self, check: Check) -> str:
        unit = self._units.get(check.target, {})
        if unit.get("LoadState") != "loaded":
            return f"{check.target} is {unit.get('LoadState') or 'unknown to systemd'}"
        self._count(check.part, check.target, int(unit.get("NRestarts") or 0))
        began = int(unit["ActiveEnterTimestampMonotonic"]) / 1e6
        self._began[check.part] = lambda: time.monotonic() - began
        if unit["ActiveState"] == "activating" and check.part not in self.restarted:
            self._began[check.part] = lambda: 0.0
        elif unit["ActiveState"] not in ("active", "reloading"):
            return f"{check.target} is {unit['ActiveState']}"
        if unit["UnitFileState"] == "disabled":
            return f"{check.target} is disabled: it would not start with the host"
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
        status, _ = ask.docker(check.target, "/_ping", LIMIT_SECONDS)
        return "" if status == 200 else f"Docker Engine answers {status}"

    def _container(self, check: Check) -> str:
        name = check.target.replace("{link}", os.path.basename(os.readlink(check.link)) if check.link else "")
        engine = next((each.target for each in self.checks if each.kind == "engine"), ENGINE)
        status, body = ask.docker(engine, f"/containers/{name}/json", LIMIT_SECONDS)
        if status != 200:
            return f"container {name} is missing" if status == 404 else f"Docker Engine answers {status}"
        found = json.loads(body)
        state: dict[str, Any] = found["State"]
        self._count(check.part, f"container {name}", found["RestartCount"])
        self._began[check.part] = lambda: _age(state["StartedAt"])
        if state["Status"] != "running":
            return f"container {name} is {state['Status']}"
        return ""

    def _link(self, check: Check) -> str:
        if not os.path.islink(check.target):
            return f"the link {check.target} is missing"
        return "" if os.path.exists(check.target) else f"the link {check.target} leads to nothing"

    def _https(self, check: Check) -> str:
        ask.gateway(ask.Door(check.target, check.name, check.ca), "", LIMIT_SECONDS)
        return ""

    def _path(self, check: Check) -> str:
        door = next(ask.Door(each.target, each.name, each.ca) for each in self.checks if each.kind == "https")
        status = ask.gateway(door, check.target, LIMIT_SECONDS)
        return "" if status == 200 else f"{check.target} answers {status}"

    def _file(self, check: Check) -> str:
        return watched.problem(self.files, check.target)

    def _count(self, part: str, name: str, restarts: int) -> None:
        more = restarts - self.restarts.get(name, restarts)
        self.restarts[name] = restarts
        if more > 0:
            self.restarted[part] = f"{name} was restarted since the last look, {restarts} times in all"


def _age(began: str) -> float:
    from datetime import UTC, datetime

    return (datetime.now(UTC) - datetime.fromisoformat(began)).total_seconds()
