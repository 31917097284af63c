"""The command line: `python -m rehearsal up | down | status | release | rollback | shell`."""

import argparse
import os
import sys
from collections.abc import Sequence

from rehearsal.checkout import Checkout
from rehearsal.progress import Progress
from workstation.errors import CommandError

ABOUT = "The whole chain on this computer: a container plays a host, follows a git branch and serves a model."
COMMANDS = {
    "up": "start everything, or apply what changed in the checkout",
    "down": "stop and remove everything",
    "status": "show what runs, what is released, and what does not answer",
    "release": "release another model or image with a commit to release.yml",
    "rollback": "revert the last release with a commit",
    "shell": "open a shell on the host",
}


def parser() -> argparse.ArgumentParser:
    """Return the parser."""
    made = argparse.ArgumentParser("python -m rehearsal", description=ABOUT)
    commands = made.add_subparsers(dest="command", required=True)
    each = {name: commands.add_parser(name, help=about, description=about) for name, about in COMMANDS.items()}
    each["status"].add_argument("--json", action="store_true", help="print JSON")
    each["release"].add_argument("--model", default="", help="models:/NAME/NUMBER, or the folder of a bundle")
    each["release"].add_argument("--image", default="", help="the name of a local image, or a reference by digest")
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
        print("slipway: interrupted; `make up` continues from here, `make down` removes everything", file=sys.stderr)
        return 130
    return 0


def run(options: argparse.Namespace, checkout: Checkout) -> None:
    """Run a command; a lock allows one command at a time to change anything."""
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
    """Run a command that changes something."""
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
        raise CommandError("nothing is running in this checkout: run `make up` first")
    releases = Releases(checkout, state.read(checkout), progress)
    if options.command == "rollback":
        releases.rollback()
        return
    if not options.model and not options.image:
        raise CommandError(
            "nothing to release: name a model, an image or both, as in `make release MODEL=models:/california/2`;"
            " MODEL may also be the folder of a bundle"
        )
    image = releases.image(options.image) if options.image else ""
    releases.release(releases.pin(options.model) if options.model else None, image)
