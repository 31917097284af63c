"""The command line that all steps share: settings in, progress on stderr, one line of JSON on stdout."""

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
    """Run one step by itself and return the exit code: 0, 1 for an error with a sentence, 2 for wrong usage."""
    return work(name, step, parser(name, doc).parse_intermixed_args(argv))


def work(name: str, step: Step, arguments: argparse.Namespace) -> int:
    """Run one step with what the command line asks for, and return the exit code."""

    def locked() -> dict[str, Any]:
        config, progress = config_of(arguments), Progress()
        with Workspace.of(config).locked(), progress.step(name):
            return step(config, progress)

    return report(locked)


def parser(name: str, doc: str) -> argparse.ArgumentParser:
    """Return a parser for the settings, with `doc` above and every setting below."""
    module = "python -m training" + (f".{name}" if name else "")
    made = argparse.ArgumentParser(
        prog=module,
        description=doc,
        epilog=settings_help.text(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--config", type=Path, metavar="FILE", help="a YAML file of settings")
    made.add_argument("settings", nargs="*", metavar="key=value", help="a setting; it wins over the file")
    return made


def config_of(arguments: argparse.Namespace) -> Config:
    """Return the settings that the command line asks for."""
    return settings.load(arguments.config, arguments.settings, os.environ)


def report(work: Callable[[], dict[str, Any]]) -> int:
    """Print the result of `work` as one line of JSON, or its error as one sentence."""
    # Whoever stops a container sends SIGTERM: that too has to close the run and remove drafts.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        print(json.dumps(work()), flush=True)
    except (TrainingError, BundleError, OSError) as error:
        # Of the system's errors too the sentence is what helps: no room, no permission, and where.
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, ConfigError) else 1
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return 130
    finally:
        signal.signal(signal.SIGTERM, before)
    return 0
