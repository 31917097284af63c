"""The events that the callback wrote during a run of Ansible, and the reason of a failure."""

import json
import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# A reason should fit on a few lines of a terminal.
LONGEST = 300


@dataclass(frozen=True)
class Report:
    """The events of a run, in the format of the callback."""

    plays: tuple[dict[str, Any], ...] = ()
    failures: tuple[dict[str, Any], ...] = ()
    last_task: dict[str, Any] = field(default_factory=dict)
    roles: dict[str, float] = field(default_factory=dict)

    def failure(self) -> str:
        """Return what failed and why, "" if nothing failed."""
        # Forced handlers run after a failed task, and may fail because of it: report the task, if there is one.
        causes = [each for each in self.failures if not each["handler"]] or list(self.failures)
        return f"{_named(causes[-1]['failed'], causes[-1]['role'])}: {_message(causes[-1]['result'])}" if causes else ""

    def task(self) -> str:
        """Return the name of the last task that started, "" if none did."""
        return _named(self.last_task["task"], self.last_task["role"]) if self.last_task else ""

    def mismatch(self, groups: Collection[str]) -> str:
        """Return why the plays do not fit a host of `groups`: an unknown group, or no play at all; "" if they do."""
        for play in self.plays:
            for word in re.split(r"[:,&!]+", play["pattern"]):
                if play.get("unmatched") and word and word not in ("all", "localhost", *groups):
                    known = ", ".join(groups)
                    return f"the play {play['play']!r} is for the unknown group {word!r}; wanted one of {known}"
        if all(play.get("unmatched") for play in self.plays):
            return "no play is for this host, so nothing was done"
        return ""


def read(path: Path) -> Report:
    """Return the events of a run; an empty report if Ansible wrote none."""
    try:
        events = list(_events(path.read_text(encoding="utf-8", errors="replace")))
    except FileNotFoundError:
        return Report()
    plays: list[dict[str, Any]] = []
    rest: list[dict[str, Any]] = []
    for event in events:
        if "play" in event:
            plays.append(event)
        elif "unmatched" in event:
            # The line before, which names the play, may be damaged.
            plays[-1:] = [plays[-1] | event] if plays else []
        else:
            rest.append(event)
    failures = tuple(event for event in rest if "failed" in event)
    last_task: dict[str, Any] = next((event for event in reversed(rest) if "task" in event), {})
    roles: dict[str, float] = next((event["roles"] for event in rest if "roles" in event), {})
    return Report(tuple(plays), failures, last_task, roles)


def _events(text: str) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        # A full disk can cut off a line; the other lines are still right.
        with suppress(ValueError):
            event = json.loads(line)
            # The rest of a damaged line can be valid JSON, such as a number.
            if isinstance(event, dict):
                yield event


def complaint(output: Iterable[str]) -> str:
    """Return the reason from Ansible's own output, for failures before any task."""
    lines = [line.strip() for line in output]
    for number, line in reversed(list(enumerate(lines))):
        if match := re.match(r"\[ERROR\]: (.+)|ERROR! (.+)|fatal: (.+)", line):
            origin = next((each for each in lines[number + 1 :] if each.startswith("Origin: ")), "")
            where = f" ({origin.removeprefix('Origin: ')})" if origin else ""
            return shorten((match[1] or match[2] or match[3]) + where)
    for line in reversed(lines):
        if match := re.search(r'"msg": "((?:[^"\\]|\\.)*)"', line):
            return shorten(json.loads(f'"{match[1]}"'))
    return shorten(next((line for line in reversed(lines) if line), "no output"))


def _named(task: str, role: str) -> str:
    # Ansible prefixes the names of some tasks with the role.
    task = task.removeprefix(f"{role} : ")
    return f"role {role}, {task!r}" if role else f"{task!r}"


def _message(result: dict[str, Any]) -> str:
    if "censored" in result:
        return "its output is hidden because it may contain secrets"
    message = str(result.get("msg", "")).strip()
    # For a command, the usual message only says that it failed.
    last = str(result.get("stderr", "")).strip().splitlines()[-1:]
    return shorten(": ".join([message, *last] if message == "non-zero return code" else [message])) or "it failed"


def shorten(text: str) -> str:
    """Return the text as one line, cut off if it is too long."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 3] + "..."
