"""What the agent knows of earlier runs: /var/lib/slipway/state.json."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from agent import files
from agent.document import build, load
from agent.errors import AgentError, ConfigError

# How a run can end.
RESULTS = (
    "applied",  # Ansible went through, or had nothing to do for what the commit changed
    "unchanged",  # nothing new, and the last run was good
    "repaired",  # something had fallen, and works again
    "unhealthy",  # the commit is applied, and something does not work
    "failed",
    "waiting",  # the last run failed, and it is not yet time to try again
    "refused",  # the branch's commit may not be applied
    "unreachable",  # the remote gave no answer
    "misconfigured",
    "interrupted",
)
GOOD = ("applied", "unchanged", "repaired")
# The reason that stands while an attempt is under way, for when it leaves no one to tell a better one.
CUT_OFF = "the run was cut off: the agent was killed, or the host went down"
# Shared by all states: nobody changes one in place.
NOTHING: dict[str, Any] = {}


class State(NamedTuple):
    """Commits are full hashes, "" for none; times are seconds since 1970, 0 for never.

    Attempted is not applied: a commit becomes applied when its run has gone through.
    """

    head: str = ""  # the branch's commit when it was last asked for
    applied: str = ""
    applied_at: float = 0
    attempted: str = ""
    attempted_at: float = 0
    failures: int = 0  # runs in a row that did not go through
    retry_at: float = 0
    reason: str = ""  # why the last of them did not
    unfinished: bool = False  # an attempt has begun, and none since has gone through
    full_at: float = 0  # when everything was last run and went through
    success_at: float = 0  # when a run last ended well, a look at the remote that found nothing new included
    seconds: float = 0  # how long Ansible took last
    scope: tuple[str, ...] = ()  # the roles that it was limited to, none for everything
    roles: dict[str, float] = NOTHING  # the seconds that each took
    health: dict[str, Any] = NOTHING  # for each part what is wrong with it, "" for nothing
    repairs: int = 0  # repairs in a row after which something was still wrong
    repair_at: float = 0  # when the next may come
    repair_reason: str = ""  # why the last did not go through
    restarts: dict[str, int] = NOTHING  # of units and containers, as the last look found them
    files: dict[str, Any] = NOTHING  # how the files looked that only a run changes
    host: dict[str, Any] = NOTHING  # host.json as it was then
    fallback: str = ""  # why the installed agent could not start, where the version before it runs in its place
    result: str = ""  # how the last run ended, and its sentence
    said: str = ""
    result_at: float = 0
    result_boot: str = ""  # the boot of the machine that this was in, and how long it had been up: for `overdue`
    result_uptime: float = 0
    runs: dict[str, int] = NOTHING  # runs by how they ended

    @property
    def settled(self) -> bool:
        """Whether what was attempted last has gone through."""
        return self.attempted == self.applied and not self.failures and not self.unfinished


def read(path: Path) -> State:
    """Return the state, a new one where there is no file; raises ConfigError for a damaged one."""
    try:
        document = load(path)
    except FileNotFoundError:
        return State()
    # Another version of the agent may have written it: keys that this one has no use for are no damage.
    return build(State, {key: value for key, value in document.items() if key in State._fields}, path)


class Store:
    """The state of a run under way, kept on disk at every change."""

    def __init__(self, path: Path, state: State) -> None:
        """Start from `state`, which is on disk already or lost."""
        self._path = path
        self.state = state

    @classmethod
    def open(cls, path: Path) -> tuple["Store", str]:
        """Read the state; a damaged file is put aside, and the second value says so."""
        try:
            return cls(path, read(path)), ""
        except ConfigError as error:
            aside = path.with_name(path.name + ".damaged")
            path.replace(aside)
            return cls(path, State()), f"{error}; put aside as {aside.name}, going on from what the repository knows"

    def update(self, **changes: Any) -> None:
        """Change the state and keep it; raises AgentError where it cannot be kept, and then nothing has changed."""
        state = self.state._replace(**changes)
        try:
            files.replace(self._path, json.dumps(state._asdict(), indent=1) + "\n")
        except OSError as error:
            raise AgentError(f"{self._path}: cannot be written ({error.strerror}); the old state is kept") from error
        self.state = state
