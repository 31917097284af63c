"""What the callback wrote during a run, and the sentence that comes of it."""

import json
import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# A reason has to fit on one line of a terminal, or little more.
LONGEST = 300


@dataclass(frozen=True)
class Report:
    """Events of a run; each as the callback describes it."""

    plays: tuple[dict[str, Any], ...] = ()
    failures: tuple[dict[str, Any], ...] = ()
    last_task: dict[str, Any] = field(default_factory=dict)
    roles: dict[str, float] = field(default_factory=dict)

    def failure(self) -> str:
        """Return what failed, "" where nothing did."""
        # With handlers forced, one may fail because of what failed before it: that is the reason, if there is one.
        causes = [each for each in self.failures if not each["handler"]] or list(self.failures)
        return f"{_named(causes[-1]['failed'], causes[-1]['role'])}: {_message(causes[-1]['result'])}" if causes else ""

    def task(self) -> str:
        """Return the name of the task that began last, "" where none did."""
        return _named(self.last_task["task"], self.last_task["role"]) if self.last_task else ""

    def mismatch(self, groups: Collection[str]) -> str:
        """Return why the plays were not for a host of `groups`, "" where one was and no other is for nobody at all."""
        for play in self.plays:
            for word in re.split(r"[:,&!]+", play["pattern"]):
                if play.get("unmatched") and word and word not in ("all", "localhost", *groups):
                    known = ", ".join(groups)
                    return f"the play {play['play']!r} is for {word!r}, which is no group: wanted one of {known}"
        if all(play.get("unmatched") for play in self.plays):
            return "no play was for this host: nothing was done"
        return ""


def read(path: Path) -> Report:
    """Return what a run told; nothing where Ansible did not come so far."""
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
            # The line before it, which names the play, may be the one that is torn.
            plays[-1:] = [plays[-1] | event] if plays else []
        else:
            rest.append(event)
    failures = tuple(event for event in rest if "failed" in event)
    last_task: dict[str, Any] = next((event for event in reversed(rest) if "task" in event), {})
    roles: dict[str, float] = next((event["roles"] for event in rest if "roles" in event), {})
    return Report(tuple(plays), failures, last_task, roles)


def _events(text: str) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        # A full disk tears a line: what the others say still holds.
        with suppress(ValueError):
            event = json.loads(line)
            # The end of a torn line can be JSON, a number for example.
            if isinstance(event, dict):
                yield event


def complaint(output: Iterable[str]) -> str:
    """Return the reason in Ansible's own output: for what goes wrong before there is any task."""
    lines = [line.strip() for line in output]
    for number, line in reversed(list(enumerate(lines))):
        if match := re.match(r"\[ERROR\]: (.+)|ERROR! (.+)|fatal: (.+)", line):
            origin = next((each for each in lines[number + 1 :] if each.startswith("Origin: ")), "")
            where = f" ({origin.removeprefix('Origin: ')})" if origin else ""
            return shorten((match[1] or match[2] or match[3]) + where)
    for line in reversed(lines):
        if match := re.search(r'"msg": "((?:[^"\\]|\\.)*)"', line):
            return shorten(json.loads(f'"{match[1]}"'))
    return shorten(next((line for line in reversed(lines) if line), "it printed nothing"))


def _named(task: str, role: str) -> str:
    # Ansible itself puts the role before some tasks' names.
    task = task.removeprefix(f"{role} : ")
    return f"role {role}, {task!r}" if role else f"{task!r}"


def _message(result: dict[str, Any]) -> str:
    if "censored" in result:
        return "its output is not shown, since it may hold secrets"
    said = str(result.get("msg", "")).strip()
    # The usual message of a command is only that it failed.
    last = str(result.get("stderr", "")).strip().splitlines()[-1:]
    return shorten(": ".join([said, *last] if said == "non-zero return code" else [said])) or "it failed"


def shorten(text: str) -> str:
    """Return the text as one line that is not too long."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 3] + "..."
