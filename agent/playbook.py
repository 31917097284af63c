"""Runs ansible-pull at one commit, limited to some roles, and says how that went."""

import json
import os
import shutil
import sys
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from agent import files, git, inventory, process, report
from agent.host import GROUPS, Host
from agent.paths import Paths
from agent.plan import Work

# Named, since ansible-pull would look for local.yml.
PLAYBOOK = "site.yml"
CALLBACKS = Path(__file__).resolve().parent / "callback"
GENTLE = ("nice", "-n", "10")
# Enough for what Ansible says when it does not come to a task.
TAIL_LINES = 60


@dataclass(frozen=True)
class Outcome:
    """How a run of Ansible went.

    `reason` is empty where it went through, `roles` holds seconds, `began` is false where it came to no play.
    """

    reason: str
    seconds: float
    roles: dict[str, float] = field(default_factory=dict)
    began: bool = True


def run(paths: Paths, host: Host, work: Work, *, limit: float, unfinished: bool) -> Outcome:
    """Run the playbook at a commit that the repository on the host has as a branch; its log goes to stdout.

    `unfinished` tells the roles that the run before did not go through: what it changed may not have been taken up.
    """
    program = shutil.which("ansible-pull")
    if program is None:
        return Outcome("ansible-pull is not installed on this host", 0)
    try:
        _prepare(paths, work.commit, inventory.text(host, work.commit, unfinished=unfinished))
    except OSError as error:
        return Outcome(f"{error.filename}: cannot be written ({error.strerror})", 0)
    started = time.monotonic()
    tail = _Tail()
    command = [*(GENTLE if work.gentle else ()), program, *arguments(paths, work.commit, work.scope)]
    done = process.stream(command, limit=limit, env=environment(paths, os.environ), cwd=paths.data, echo=tail.take)
    told = report.read(paths.report)
    reason = _reason(paths, work.commit, done, told, tail, limit)
    return Outcome(reason, time.monotonic() - started, told.roles, began=bool(told.plays))


def arguments(paths: Paths, commit: str, scope: tuple[str, ...] | None) -> list[str]:
    """Return what ansible-pull is called with."""
    given = ["--url", f"file://{paths.repository}", "--checkout", commit, "--directory", str(paths.checkout)]
    # A shallow clone of a commit that is not a branch's last does not exist: ansible-pull would warn each time.
    given += ["--full", "--inventory", str(paths.inventory), "--limit", inventory.NAME]
    return [*given, *(("--tags", ",".join(scope)) if scope else ()), PLAYBOOK]


def environment(paths: Paths, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for Ansible: nothing of what the caller's says about Ansible, Python or git counts."""
    kept = {key: value for key, value in git.environment(environ).items() if not key.startswith(("ANSIBLE_", "PYTHON"))}
    return kept | {
        "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
        # Named, since one in a folder that others may write to would be passed over.
        "ANSIBLE_CONFIG": str(paths.checkout / "ansible.cfg"),
        # A handler that was notified before a task failed would else never run, nor be notified again.
        "ANSIBLE_FORCE_HANDLERS": "true",
        "ANSIBLE_HOME": str(paths.data / "ansible"),
        "ANSIBLE_LOCAL_TEMP": str(_temporary(paths)),
        # ansible-pull guesses at this host's names and warns of each; what does matter is in report.mismatch.
        "ANSIBLE_HOST_PATTERN_MISMATCH": "ignore",
        "ANSIBLE_REMOTE_TEMP": str(_temporary(paths)),
        "ANSIBLE_NOCOLOR": "true",
        "GIT_CONFIG_GLOBAL": str(paths.gitconfig),
        "PYTHONUNBUFFERED": "1",  # so that the log is complete also when the run is ended
        "SLIPWAY_REPORT": str(paths.report),
    }


def _temporary(paths: Paths) -> Path:
    return paths.data / "ansible" / "tmp"


def _prepare(paths: Paths, commit: str, hosts: str) -> None:
    # A checkout made anew has no edits, leftovers, locks of a killed git or foreign owners to stumble over.
    # What a killed Ansible left in its temporary folder goes too.
    for folder in (paths.checkout, _temporary(paths)):
        if folder.exists():
            shutil.rmtree(folder)
    # Never empty, nor missing: others read its last line, also where Ansible does not come to write one.
    files.replace(paths.report, json.dumps({"commit": commit}) + "\n", durable=False)
    files.replace(paths.inventory, hosts, durable=False)
    # git refuses to read a repository that belongs to somebody else, as these may after a restore or a chown.
    safe = "".join(f"\tdirectory = {path.resolve()}\n" for path in (paths.repository, paths.checkout))
    files.replace(paths.gitconfig, f"[include]\n\tpath = ~/.gitconfig\n[safe]\n{safe}", durable=False)


class _Tail:
    """Passes a log on to stdout and keeps its end."""

    def __init__(self) -> None:
        self.lines: deque[str] = deque(maxlen=TAIL_LINES)
        self._rest = b""

    def take(self, piece: bytes) -> None:
        sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        *whole, self._rest = (self._rest + piece).split(b"\n")
        self.lines.extend(line.decode(errors="replace") for line in whole)


def _reason(paths: Paths, commit: str, done: process.Finished, told: report.Report, tail: _Tail, limit: float) -> str:
    if done.timed_out:
        where = f" in {told.task()}" if told.task() else ""
        return f"stopped{where}: the run took longer than its limit of {limit:.0f} s"
    if done.code:
        complaint = report.complaint(line.replace(f"{paths.checkout}/", "") for line in tail.lines)
        return told.failure() or f"ansible-pull ended with {done.code}: {complaint}"
    if mismatch := told.mismatch(GROUPS):
        return f"{PLAYBOOK}: {mismatch}"
    head = git.run(f"--git-dir={paths.checkout / '.git'}", "rev-parse", "HEAD", limit=limit).output.strip()
    return "" if head == commit else f"ansible-pull ran commit {head[:12]} in place of {commit[:12]}"
