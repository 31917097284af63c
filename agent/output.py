"""The log of the agent: lines on stdout, which systemd keeps in the journal."""

import sys


def log(text: str) -> None:
    """Log a line."""
    print(f"slipway-pull: {text}", flush=True)


def warn(text: str) -> None:
    """Log a line to stderr: the journal gets it, a program that reads stdout does not."""
    print(f"slipway-pull: {text}", file=sys.stderr, flush=True)


def short(commit: str) -> str:
    """Return the start of a commit, which is enough for a person."""
    return commit[:12] or "nothing"


def duration(seconds: float) -> str:
    """Return a duration in a unit that fits it."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(0, seconds):.0f} s"
