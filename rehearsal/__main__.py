"""python -m rehearsal COMMAND"""

import importlib.util
import os
import signal
import sys

from workstation.paths import ROOT

RUN = str(ROOT / "tools" / "run.sh")


def main() -> int:
    """Return the exit code; under a Python that lacks what training needs, go on under the one that has it."""
    if importlib.util.find_spec("mlflow") is None:
        os.execv(RUN, [RUN, "mlops", "python", "-m", "rehearsal", *sys.argv[1:]])
    # `make` hands SIGTERM on to us: end as if interrupted.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    from rehearsal.cli import main as command

    return command(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
