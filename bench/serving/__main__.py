"""Compares our server with a FastAPI peer and MLflow's own scoring server, in one run, with wrk as the load generator.

Prints one JSON object per figure to stdout, and progress to stderr. Exit code: 0 if every figure is within its limit, 1
if one is not, 2 if something could not be measured (a wrong answer, a failed request, a server that did not start).
"""

import argparse
import os
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType

from bench import bundle, rows
from bench.answers import WrongAnswer
from bench.serving import targets, wrk
from bench.serving.server import StartError
from bench.serving.trial import Plan, Trial, say

SERVERS = (targets.OURS, targets.FASTAPI, targets.FASTAPI_BYTES, targets.MLFLOW)
# Shared memory where there is one, so that bodies, logs and metrics files cost no disk.
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  # the folder made in it has a random name


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m bench.serving", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--bundle", type=Path, required=True, help="folder of the bundle to serve")
    made.add_argument(
        "--data", type=Path, help="CSV or Parquet file with rows (default: the features that the bundle was trained on)"
    )
    made.add_argument(
        "--seconds", type=int, default=1, help="duration of a timed run, twice as long with 10,000 rows (%(default)s)"
    )
    made.add_argument("--rounds", type=int, default=6, help="timed runs per server and size (%(default)s)")
    made.add_argument("--starts", type=int, default=5, help="cold starts per server (%(default)s)")
    made.add_argument(
        "--patience",
        type=float,
        default=60,
        help="seconds to spend on repeating runs that other processes disturbed (%(default)s)",
    )
    made.add_argument("--only", action="append", choices=SERVERS, help="measure only this server; may be repeated")
    return made


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, interrupt)
    try:
        wrk.require()
        return measure(options)
    except (WrongAnswer, StartError, wrk.LoadError, ValueError, FileNotFoundError) as error:
        say(f"bench-serving: {error}")
        return 2
    except KeyboardInterrupt:
        say("bench-serving: interrupted; every server is stopped")
        return 130


def measure(options: argparse.Namespace) -> int:
    """Print the figures as soon as they are known, and return 1 if one is outside its limit."""
    served = bundle.read(options.bundle.resolve())
    chosen = [one for one in targets.all_of(served.folder) if one.name in (options.only or SERVERS)]
    plan = Plan(options.seconds, options.rounds, options.starts, options.patience)
    data = rows.read(rows.find(served, options.data), [field.name for field in served.fields])
    missed = []
    with tempfile.TemporaryDirectory(prefix="slipway-bench-", dir=fast_folder()) as folder:
        for figure in Trial(plan, served, data, chosen, Path(folder)).run():
            print(figure.line(), flush=True)
            if not figure.held():
                missed.append(figure.figure)
    say(f"outside the limit: {', '.join(missed)}" if missed else "every figure is within its limit")
    return 1 if missed else 0


def fast_folder() -> Path | None:
    return SHARED_MEMORY if os.access(SHARED_MEMORY, os.W_OK) else None


def interrupt(_: int, __: FrameType | None) -> None:
    """Handle SIGTERM like Ctrl-C, so that the `with` blocks stop the servers."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
