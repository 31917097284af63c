"""What a command prints for the person at the terminal, and how it ends."""

import subprocess
import sys
from collections.abc import Callable, Sequence

from workstation.errors import CommandError


def log(text: str) -> None:
    """Print a line on stderr: stdout belongs to what a tool prints for its caller."""
    print(f"slipway: {text}", file=sys.stderr, flush=True)


def run(main: Callable[..., object], arguments: Sequence[str] | None = None, interrupted: str = "interrupted") -> None:
    """Call `main` with the command line's arguments; end with one line and exit code 1 where it cannot go on.

    `interrupted` is the line for Ctrl-C.
    """
    try:
        main(*(sys.argv[1:] if arguments is None else arguments))
    except CommandError as error:
        sys.exit(f"slipway: {error}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"slipway: {error}; its own output is above")
    except KeyboardInterrupt:
        sys.exit(f"slipway: {interrupted}")
