"""Trains a model and writes its bundle: runs make_data, build_features, train, evaluate and register in order.

Each step also runs alone, as `python -m training.<step>`. The last line on stdout is JSON with the path of the bundle,
its sha256 and the scores on the held-out rows. `python -m training.predict` scores a file with a bundle.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Any

from training import cli
from training.progress import Progress
from training.tracking import server
from training.workspace import Workspace

STEPS = ("make_data", "build_features", "train", "evaluate", "register")


def main(argv: Sequence[str] | None = None) -> int:
    """Run all steps."""
    arguments = cli.parser("", __doc__ or "").parse_intermixed_args(argv)

    def work() -> dict[str, Any]:
        config, progress = cli.config_of(arguments), Progress()
        result: dict[str, Any] = {}
        server.require(config)
        with Workspace.of(config).locked():
            for number, name in enumerate(STEPS, start=1):
                with progress.step(name, f"{number}/{len(STEPS)}"):
                    result = importlib.import_module(f"training.{name}").run(config, progress)
        return result | {"seconds": progress.seconds}

    return cli.report(work)


if __name__ == "__main__":
    sys.exit(main())
