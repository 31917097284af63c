"""The command line of every step: settings as arguments, progress on stderr, one line of JSON on stdout."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from app.bundle import BundleError
from training import settings, settings_help
from training.config import Config
from training.errors import ConfigError, TrainingError
from training.progress import Progress
from training.workspace import Workspace

Step = Callable[[Config, Progress], dict[str, Any]]


def main(name: str, doc: str, step: Step, argv: Sequence[str] | None = None) -> int:
    """Run one step alone and return the exit code: 0, 1 for an error, 2 for wrong usage."""
    return run_step(name, step, parser(name, doc).parse_intermixed_args(argv))


def run_step(name: str, step: Step, arguments: argparse.Namespace) -> int:
    """Run one step with the settings of the command line and return the exit code."""

    def locked() -> dict[str, Any]:
        config, progress = config_of(arguments), Progress()
        with Workspace.of(config).locked(), progress.step(name):
            return step(config, progress)

    return report(locked)


def parser(name: str, doc: str) -> argparse.ArgumentParser:
    """Return the parser of a step. Its help has `doc` above the options and the settings below."""
    module = "python -m training" + (f".{name}" if name else "")
    made = argparse.ArgumentParser(
        prog=module,
        description=doc,
        epilog=settings_help.text(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--config", type=Path, metavar="FILE", help="YAML file with settings")
    made.add_argument(
        "settings", nargs="*", metavar="key=value", help="setting; overrides the file and the environment"
    )
    return made


def config_of(arguments: argparse.Namespace) -> Config:
    """Return the settings of the command line."""
    return settings.load(arguments.config, arguments.settings, os.environ)


def report(work: Callable[[], dict[str, Any]]) -> int:
    """Print the result of `work` as one line of JSON, or its error as one line, and return the exit code."""
    # Stopping a container sends SIGTERM, which has to close the MLflow run and remove drafts as Ctrl-C does.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        print(json.dumps(work()), flush=True)
    except (TrainingError, BundleError, OSError) as error:
        # An OSError needs no traceback either: its message has the reason and the path.
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, ConfigError) else 1
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return 130
    finally:
        signal.signal(signal.SIGTERM, before)
    return 0
