"""Build container images of this repository, and push them: `make image`, `make images`, `make push`.

    python -m tools.images NAME ...                build, and print name and id of each
    python -m tools.images push NAME REGISTRY      push what was built, and print REGISTRY/slipway-NAME@sha256:...

The base is BASE if it is set, else Debian 13 from its registry; if that cannot be reached, mmdebstrap makes it.
"""

from containers.engine import engine
from containers.images import make, names, remove_old_layers, tag_of
from containers.registry import push
from workstation import terminal
from workstation.errors import CommandError


def main(*arguments: str) -> None:
    """Build, or push."""
    with engine():
        match arguments:
            case ("push", name, registry):
                print(push(name, tag_of(name), registry))
            case (*wanted,) if wanted and set(wanted) <= set(names()):
                for name in wanted:
                    print(f"{tag_of(name)} {make(name)}", flush=True)
                remove_old_layers()
            case _:
                line = " ".join(arguments)
                raise CommandError(f"{line!r}: wanted names of images ({', '.join(names())}), or push NAME REGISTRY")


if __name__ == "__main__":
    terminal.run(main)
