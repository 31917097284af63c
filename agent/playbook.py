"""Runs ansible-pull at one commit, limited to some roles, and reports the outcome."""

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

# By default ansible-pull would run local.yml.
PLAYBOOK = "site.yml"
CALLBACKS = Path(__file__).resolve().parent / "callback"
GENTLE = ("nice", "-n", "10")
# Enough for the errors that Ansible prints if it does not reach any task.
TAIL_LINES = 60


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run of Ansible.

    `reason` is "" if it succeeded, `roles` has the seconds of each role, `began` is false if no play started.
    """

    reason: str
    seconds: float
    roles: dict[str, float] = field(default_factory=dict)
    began: bool = True


def run(paths: Paths, host: Host, work: Work, *, limit: float, unfinished: bool) -> Outcome:
    """Run the playbook at a commit, which has to be a branch of the repository on the host. The log goes to stdout.

    `unfinished` tells the roles that the previous run failed, so that services may not have read their new files.
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
    events = report.read(paths.report)
    reason = _reason(paths, work.commit, done, events, tail, limit)
    return Outcome(reason, time.monotonic() - started, events.roles, began=bool(events.plays))


def arguments(paths: Paths, commit: str, scope: tuple[str, ...] | None) -> list[str]:
    """Return the arguments of ansible-pull."""
    options = ["--url", f"file://{paths.repository}", "--checkout", commit, "--directory", str(paths.checkout)]
    # A shallow clone cannot have a commit that is not the last of a branch: ansible-pull would warn each time.
    options += ["--full", "--inventory", str(paths.inventory), "--limit", inventory.NAME]
    return [*options, *(("--tags", ",".join(scope)) if scope else ()), PLAYBOOK]


def environment(paths: Paths, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for Ansible, without the caller's variables about Ansible, Python or git."""
    kept = {key: value for key, value in git.environment(environ).items() if not key.startswith(("ANSIBLE_", "PYTHON"))}
    return kept | {
        "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
        # Set explicitly, because Ansible ignores an ansible.cfg in a folder that others may write to.
        "ANSIBLE_CONFIG": str(paths.checkout / "ansible.cfg"),
        # Otherwise a handler that was notified before a task failed would never run, nor be notified again.
        "ANSIBLE_FORCE_HANDLERS": "true",
        "ANSIBLE_HOME": str(paths.data / "ansible"),
        "ANSIBLE_LOCAL_TEMP": str(_temporary(paths)),
        # ansible-pull tries several names of this host and warns about each. report.mismatch finds real mistakes.
        "ANSIBLE_HOST_PATTERN_MISMATCH": "ignore",
        "ANSIBLE_REMOTE_TEMP": str(_temporary(paths)),
        "ANSIBLE_NOCOLOR": "true",
        "GIT_CONFIG_GLOBAL": str(paths.gitconfig),
        "PYTHONUNBUFFERED": "1",  # so that the log is complete even if the run is stopped
        "SLIPWAY_REPORT": str(paths.report),
    }


def _temporary(paths: Paths) -> Path:
    return paths.data / "ansible" / "tmp"


def _prepare(paths: Paths, commit: str, hosts: str) -> None:
    # A new checkout has no edits, old files, locks of a killed git or foreign owners. The temporary folder may hold
    # files of a killed Ansible.
    for folder in (paths.checkout, _temporary(paths)):
        if folder.exists():
            shutil.rmtree(folder)
    # Never empty or missing, even if Ansible writes nothing: others read the last line.
    files.replace(paths.report, json.dumps({"commit": commit}) + "\n", durable=False)
    files.replace(paths.inventory, hosts, durable=False)
    # git refuses repositories of another owner, which these may have after a restore or a chown.
    safe = "".join(f"\tdirectory = {path.resolve()}\n" for path in (paths.repository, paths.checkout))
    files.replace(paths.gitconfig, f"[include]\n\tpath = ~/.gitconfig\n[safe]\n{safe}", durable=False)


class _Tail:
    """Forwards a log to stdout and keeps its last lines."""

    def __init__(self) -> None:
        self.lines: deque[str] = deque(maxlen=TAIL_LINES)
        self._rest = b""

    def take(self, piece: bytes) -> None:
        sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        *whole, self._rest = (self._rest + piece).split(b"\n")
        self.lines.extend(line.decode(errors="replace") for line in whole)


def _reason(paths: Paths, commit: str, done: process.Finished, events: report.Report, tail: _Tail, limit: float) -> str:
    if done.timed_out:
        where = f" in {events.task()}" if events.task() else ""
        return f"stopped{where}: the run took longer than its limit of {limit:.0f} s"
    if done.code:
        complaint = report.complaint(line.replace(f"{paths.checkout}/", "") for line in tail.lines)
        return events.failure() or f"ansible-pull: exit code {done.code}: {complaint}"
    if mismatch := events.mismatch(GROUPS):
        return f"{PLAYBOOK}: {mismatch}"
    head = git.run(f"--git-dir={paths.checkout / '.git'}", "rev-parse", "HEAD", limit=limit).output.strip()
    return "" if head == commit else f"ansible-pull ran commit {head[:12]} instead of {commit[:12]}"
