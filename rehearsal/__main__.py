"""python -m rehearsal COMMAND"""

import importlib.util
import os
import signal
import sys

from workstation.paths import ROOT

RUN = str(ROOT / "tools" / "run.sh")


def main() -> int:
    """Return the exit code. A Python without MLflow hands over to the one of the environment `mlops`."""
    if importlib.util.find_spec("mlflow") is None:
        os.execv(RUN, [RUN, "mlops", "python", "-m", "rehearsal", *sys.argv[1:]])
    # `make` passes SIGTERM on: treat it as Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    from rehearsal.cli import main as command

    return command(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
