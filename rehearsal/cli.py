"""The command line: `python -m rehearsal up | down | status | release | rollback | shell`."""

import argparse
import os
import sys
from collections.abc import Sequence

from rehearsal.errors import Trouble
from rehearsal.place import Place
from rehearsal.progress import Progress

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
        run(options, Place())
    except Trouble as trouble:
        print(f"slipway: {trouble}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("slipway: interrupted: `make up` goes on from here, `make down` removes it", file=sys.stderr)
        return 130
    return 0


def run(options: argparse.Namespace, place: Place) -> None:
    """Do what was asked; one command at a time changes things."""
    if options.command == "status":
        from rehearsal.status import show

        show(place, options.json)
    elif options.command == "shell":
        name = place.named("host")
        os.execvp("docker", ["docker", "exec", "-it" if sys.stdin.isatty() else "-i", name, "bash"])
    else:
        from common import held

        place.folder.parent.mkdir(exist_ok=True)
        with held(place.folder):
            change(options, place)


def change(options: argparse.Namespace, place: Place) -> None:
    """Do one of the commands that change things."""
    progress = Progress()
    if options.command == "up":
        from rehearsal.up import up

        up(place, progress)
    elif options.command == "down":
        from rehearsal.down import down

        down(place, progress)
    else:
        _release(options, place, progress)


def _release(options: argparse.Namespace, place: Place, progress: Progress) -> None:
    from rehearsal import state
    from rehearsal.releasing import Releases

    if not place.ca.exists():
        raise Trouble("nothing is up here: `make up` first")
    releases = Releases(place, state.read(place), progress)
    if options.command == "rollback":
        releases.back()
        return
    if not options.model and not options.image:
        raise Trouble(
            "name what to release: make release MODEL=models:/california/2, or the folder of a bundle, IMAGE=..."
        )
    image = releases.image(options.image) if options.image else ""
    releases.make(releases.pin(options.model) if options.model else None, image)
