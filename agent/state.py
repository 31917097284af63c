"""What the agent remembers of earlier runs: /var/lib/slipway/state.json."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from agent import files
from agent.errors import AgentError, ConfigError
from agent.json_file import build, load

# The results of a run.
RESULTS = (
    "applied",  # Ansible succeeded, or the commit changed nothing for this host
    "unchanged",  # nothing new, and the last run was good
    "repaired",  # something was unhealthy and works again
    "unhealthy",  # the commit is applied, but something does not work
    "failed",
    "waiting",  # the last run failed, and the pause before the next attempt is not over
    "refused",  # the branch's commit may not be applied
    "unreachable",  # the remote did not answer
    "misconfigured",
    "interrupted",
)
GOOD = ("applied", "unchanged", "repaired")
# The reason while an attempt is under way: it stays if the attempt is cut off.
CUT_OFF = "the run was cut off: the agent was killed, or the host went down"
# Shared by all states: nobody changes one in place.
NOTHING: dict[str, Any] = {}


class State(NamedTuple):
    """The content of state.json. Commits are full hashes, "" for none; times are seconds since 1970, 0 for never.

    A commit is attempted when its run begins, and applied when the run has succeeded.
    """

    head: str = ""  # the branch's commit at the last poll that got an answer
    applied: str = ""
    applied_at: float = 0
    attempted: str = ""
    attempted_at: float = 0
    failures: int = 0  # failed runs in a row
    retry_at: float = 0
    reason: str = ""  # why the last of them failed
    unfinished: bool = False  # an attempt has begun, and none has succeeded since
    full_at: float = 0  # when a full run last succeeded
    success_at: float = 0  # when a run last succeeded, including polls that found nothing new
    seconds: float = 0  # how long the last run of Ansible took
    scope: tuple[str, ...] = ()  # the roles that it was limited to; empty for all
    roles: dict[str, float] = NOTHING  # the seconds of each role
    health: dict[str, Any] = NOTHING  # the problem of each part, "" for none
    repairs: int = 0  # repairs in a row that did not help
    repair_at: float = 0  # when the next repair may begin
    repair_reason: str = ""  # why the last repair failed
    restarts: dict[str, int] = NOTHING  # the restart counts of units and containers at the last check
    handshake_at: float = 0  # when the gateway last completed a TLS handshake
    files: dict[str, Any] = NOTHING  # the fingerprints of files that only a run changes
    host: dict[str, Any] = NOTHING  # host.json at the last attempt
    fallback: str = ""  # why the installed agent cannot start, if the previous version runs instead
    result: str = ""  # the result of the last run, and its message in `said`
    said: str = ""
    result_at: float = 0
    result_boot: str = ""  # the boot of the machine and its uptime at that moment, for `overdue`
    result_uptime: float = 0
    runs: dict[str, int] = NOTHING  # the number of runs by result

    @property
    def settled(self) -> bool:
        """Whether the last attempt succeeded."""
        return self.attempted == self.applied and not self.failures and not self.unfinished


def read(path: Path) -> State:
    """Return the state, a new one if there is no file; raises ConfigError for a damaged file."""
    try:
        document = load(path)
    except FileNotFoundError:
        return State()
    # Another version of the agent may have written the file: unknown keys are not damage.
    return build(State, {key: value for key, value in document.items() if key in State._fields}, path)


class Store:
    """The state of the current run; every change is written to the disk."""

    def __init__(self, path: Path, state: State) -> None:
        """Start from `state`, which is on disk already, or lost."""
        self._path = path
        self.state = state

    @classmethod
    def open(cls, path: Path) -> tuple["Store", str]:
        """Read the state; a damaged file is renamed, and the second value says so."""
        try:
            return cls(path, read(path)), ""
        except ConfigError as error:
            aside = path.with_name(path.name + ".damaged")
            path.replace(aside)
            return cls(path, State()), f"{error}; renamed to {aside.name}; the repository still says what is applied"

    def update(self, **changes: Any) -> None:
        """Change the state and write it; on failure raises AgentError and changes nothing."""
        state = self.state._replace(**changes)
        try:
            files.replace(self._path, json.dumps(state._asdict(), indent=1) + "\n")
        except OSError as error:
            raise AgentError(f"{self._path}: cannot be written ({error.strerror}); the old state stays") from error
        self.state = state
