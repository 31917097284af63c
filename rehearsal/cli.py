"""The command line: `python -m rehearsal up | down | status | release | rollback | shell`."""

import argparse
import os
import sys
from collections.abc import Sequence

from rehearsal.checkout import Checkout
from rehearsal.progress import Progress
from workstation.errors import CommandError

ABOUT = "The whole chain on this machine: a host in a container that follows a branch to a model that answers."
COMMANDS = {
    "up": "have all of it; again: what changed",
    "down": "remove all of it",
    "status": "how it is",
    "release": "have the host serve another model or image, by a commit to release.yml",
    "rollback": "take the last release back, by a commit",
    "shell": "a shell on the host",
}


def parser() -> argparse.ArgumentParser:
    """Return the parser."""
    made = argparse.ArgumentParser("python -m rehearsal", description=ABOUT)
    commands = made.add_subparsers(dest="command", required=True)
    each = {name: commands.add_parser(name, help=about, description=about) for name, about in COMMANDS.items()}
    each["status"].add_argument("--json", action="store_true", help="for programs")
    each["release"].add_argument("--model", default="", help="models:/NAME/NUMBER, or the folder of a bundle")
    each["release"].add_argument("--image", default="", help="an image of this machine, or one by digest")
    return made


def main(arguments: Sequence[str]) -> int:
    """Return the exit code."""
    options = parser().parse_args(arguments)
    try:
        run(options, Checkout())
    except CommandError as error:
        print(f"slipway: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("slipway: interrupted: `make up` goes on from here, `make down` removes it", file=sys.stderr)
        return 130
    return 0


def run(options: argparse.Namespace, checkout: Checkout) -> None:
    """Do what was asked; one command at a time changes things."""
    if options.command == "status":
        from rehearsal.status import show

        show(checkout, options.json)
    elif options.command == "shell":
        name = checkout.named("host")
        os.execvp("docker", ["docker", "exec", "-it" if sys.stdin.isatty() else "-i", name, "bash"])
    else:
        from workstation.locks import held

        checkout.folder.parent.mkdir(exist_ok=True)
        with held(checkout.folder):
            change(options, checkout)


def change(options: argparse.Namespace, checkout: Checkout) -> None:
    """Do one of the commands that change things."""
    progress = Progress()
    if options.command == "up":
        from rehearsal.up import up

        up(checkout, progress)
    elif options.command == "down":
        from rehearsal.down import down

        down(checkout, progress)
    else:
        _release(options, checkout, progress)


def _release(options: argparse.Namespace, checkout: Checkout, progress: Progress) -> None:
    from rehearsal import state
    from rehearsal.releases import Releases

    if not checkout.ca.exists():
        raise CommandError("nothing is up here: `make up` first")
    releases = Releases(checkout, state.read(checkout), progress)
    if options.command == "rollback":
        releases.back()
        return
    if not options.model and not options.image:
        raise CommandError(
            "name what to release: make release MODEL=models:/california/2, or the folder of a bundle, IMAGE=..."
        )
    image = releases.image(options.image) if options.image else ""
    releases.make(releases.pin(options.model) if options.model else None, image)
