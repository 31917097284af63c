"""Measure our gateway on the rehearsal's host, which has to be up: `make up`, then `make bench-gateway`.

Compares it with nginx, with the former Caddy, and with the API without a gateway, in one run. Prints one JSON object
per figure to stdout, and progress to stderr. Exit code: 0 if every figure is within its limit, 1 if one is not, 2 if
something could not be measured (a wrong answer, a failed request, a peer that did not start).
"""

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from bench.answers import WrongAnswer
from bench.gateway import h2load, peers, served, targets
from bench.gateway.h2load import MODES
from bench.gateway.trial import Plan, Trial
from bench.serving.__main__ import fast_folder, interrupt
from bench.serving.bodies import SIZES
from bench.serving.trial import say
from bench.serving.wrk import LoadError
from rehearsal.checkout import Checkout
from rehearsal.host import HTTPS
from workstation.errors import CommandError

PEERS = (targets.NGINX, targets.CADDY)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m bench.gateway", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument(
        "--seconds", type=int, default=1, help="of a timed run, twice that with 10,000 rows (%(default)s)"
    )
    made.add_argument("--rounds", type=int, default=5, help="timed runs of each target and kind (%(default)s)")
    made.add_argument(
        "--rows",
        type=int,
        action="append",
        choices=[size.rows for size in SIZES],
        help="only this size; may be repeated",
    )
    made.add_argument(
        "--mode", action="append", choices=[mode.name for mode in MODES], help="only this one; may be repeated"
    )
    made.add_argument("--peer", action="append", choices=PEERS, help="compare with this gateway only; may be repeated")
    made.add_argument(
        "--patience",
        type=float,
        default=120,
        help="seconds to spend on timing again what other processes disturbed (%(default)s)",
    )
    made.add_argument("--port", type=int, default=HTTPS, help="of our gateway on the host's loopback (%(default)s)")
    return made


def main(arguments: list[str]) -> int:
    """Return the exit status."""
    options = parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, interrupt)
    try:
        h2load.require()
        served.enter(Checkout(), arguments)
        return measure(options)
    except (WrongAnswer, LoadError, CommandError, LookupError, ValueError, OSError) as error:
        say(f"bench-gateway: {error}")
        return 2
    except KeyboardInterrupt:
        say("bench-gateway: interrupted; the peers are removed from the host")
        return 130


def measure(options: argparse.Namespace) -> int:
    """Print the figures as they are known; 1 if one of them misses its limit."""
    checkout = Checkout()
    found = served.look(checkout)
    sizes = [size for size in SIZES if size.rows in (options.rows or [size.rows])]
    modes = [mode for mode in MODES if mode.name in (options.mode or [mode.name])]
    plan = Plan(options.seconds, options.rounds, options.patience, sizes, modes)
    missed = []
    with (
        tempfile.TemporaryDirectory(prefix="slipway-bench-", dir=fast_folder()) as folder,
        peers.running(found.host, found.socket, options.peer or list(PEERS), Path(folder)) as others,
    ):
        ours = targets.gateway(targets.OURS, options.port, checkout.ca)
        compared = [ours, targets.direct(found.socket_here), *others]
        for figure in Trial(plan, found, compared, Path(folder)).run():
            print(figure.line(), flush=True)
            if not figure.held():
                missed.append(f"{figure.figure} against {figure.peer}")
    say(f"outside the limit: {', '.join(missed)}" if missed else "every figure is within its limit")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
