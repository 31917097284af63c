"""python -m rehearsal COMMAND"""

import signal
import sys
from pathlib import Path

# What the Makefile's tools share is no package: they run before any environment exists.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

from rehearsal.cli import main

if __name__ == "__main__":
    # `make` hands SIGTERM on to us: end as if interrupted.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))
