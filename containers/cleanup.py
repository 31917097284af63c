"""Removing containers, networks and volumes, by a label or by the names of one checkout."""

from containers.docker import docker
from containers.labels import TESTS
from workstation.terminal import log

# By kind: the options that list all of them, and the command that removes them. Containers first: they use the others.
KINDS: tuple[tuple[str, list[str], list[str]], ...] = (
    ("container", ["--all"], ["rm", "--force", "--volumes"]),
    ("network", [], ["rm"]),
    ("volume", [], ["rm", "--force"]),
)


def remove(condition: str) -> dict[str, int]:
    """Remove all that meets one of docker's filters, as label=KEY=VALUE or name=PART; return how many of each kind."""
    counts: dict[str, int] = {}
    for kind, options, command in KINDS:
        found = docker(kind, "ls", "--quiet", "--filter", condition, *options).split()
        if found:
            docker(kind, *command, *found)
            counts[kind] = len(found)
    return counts


def remove_leftovers_of_tests() -> None:
    """Remove what tests of this checkout made and did not remove."""
    for kind, count in remove(f"label={TESTS}").items():
        log(f"removed {count} {kind}(s) that tests left behind")
