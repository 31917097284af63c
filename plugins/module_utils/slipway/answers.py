"""How each colour answers during a progressive release, from the gateway's own counters."""

import contextlib
from dataclasses import astuple, dataclass, field

from . import haproxy

# The stick table of roles/api/templates/shares.cfg.j2. Its counters, for each colour: answers, failures (of status 500
# and above, and requests that HAProxy repeated on the other colour), answers whose time was taken, and microseconds.
TABLE = "api_answers"
# A counter of HAProxy starts again from 0 after this.
WRAP = 2**32


@dataclass(frozen=True)
class Answers:
    """What a colour answered."""

    count: int = 0
    failed: int = 0
    timed: int = 0
    microseconds: int = 0

    def __add__(self, other: "Answers") -> "Answers":
        """Return both together."""
        return Answers(*(one + more for one, more in zip(astuple(self), astuple(other), strict=True)))

    @property
    def failed_share(self) -> float:
        """The share of failures, 0 without any answer."""
        return self.failed / self.count if self.count else 0.0

    @property
    def mean_ms(self) -> float:
        """The mean time of an answer, 0 without any."""
        return self.microseconds / self.timed / 1000 if self.timed else 0.0


@dataclass
class Watch:
    """Adds up what the processes of HAProxy count; `master` is the socket of their main process."""

    master: str
    # Since the watch began, and since the last `begin`.
    total: dict[str, Answers] = field(default_factory=dict)
    step: dict[str, Answers] = field(default_factory=dict)
    _last: dict[haproxy.Process, dict[str, list[int]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Take what was counted before as nothing."""
        self._last = self._read()

    def begin(self) -> None:
        """Begin a step."""
        self.look()
        self.step = {}

    def look(self) -> None:
        """Add what was counted since the last look. A process that is new since then counted from 0."""
        for process, counters in self._read().items():
            last = self._last.get(process, {})
            self._last[process] = counters
            found = {colour: _since(last.get(colour, [0] * 4), now) for colour, now in counters.items()}
            if None in found.values():
                # Somebody has cleared the table: what was counted in between is not known.
                self.step = {}
                continue
            for colour, answers in found.items():
                self.total[colour] = self.total.get(colour, Answers()) + (answers or Answers())
                self.step[colour] = self.step.get(colour, Answers()) + (answers or Answers())

    def _read(self) -> dict[haproxy.Process, dict[str, list[int]]]:
        """Return the counters of each process, also of those from before a reload."""

        def step() -> dict[haproxy.Process, dict[str, list[int]]]:
            found = {}
            for process in haproxy.workers(self.master):
                with contextlib.suppress(haproxy.GoneError):
                    found[process] = process.read_counters(TABLE) or {}
            return found

        try:
            return haproxy.repeat(step)
        except haproxy.NotRunningError:
            return {}


def _since(last: list[int], now: list[int]) -> Answers | None:
    """Return what was counted between two looks; None if the counters went back."""
    count, failed, timed, microseconds = ((new - old) % WRAP for old, new in zip(last, now, strict=True))
    # Of each other's size: within a look no counter gets near half of what it can count to.
    return Answers(count, failed, timed, microseconds) if max(count, failed, timed) < WRAP // 2 else None
