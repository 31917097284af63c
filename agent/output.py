"""What the agent says: lines on stdout, which systemd keeps in the journal."""

import sys


def say(text: str) -> None:
    """Print a line about what goes on."""
    print(f"slipway-pull: {text}", flush=True)


def warn(text: str) -> None:
    """Print a line that the journal has and a program's reader of stdout has not."""
    print(f"slipway-pull: {text}", file=sys.stderr, flush=True)


def short(commit: str) -> str:
    """Return as much of a commit as a person needs."""
    return commit[:12] or "nothing"


def span(seconds: float) -> str:
    """Return a length of time in the unit that fits it."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(0, seconds):.0f} s"
