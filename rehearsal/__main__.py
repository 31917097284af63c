"""python -m rehearsal COMMAND"""

import sys
from pathlib import Path

# What the Makefile's tools share is no package: they run before any environment exists.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

from rehearsal.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
