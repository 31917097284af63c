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
    """Remove everything that matches a filter of docker, label=KEY=VALUE or name=PART; return the number by kind."""
    counts: dict[str, int] = {}
    for kind, options, command in KINDS:
        found = docker(kind, "ls", "--quiet", "--filter", condition, *options).split()
        if found:
            docker(kind, *command, *found)
            counts[kind] = len(found)
    return counts


def remove_leftovers_of_tests() -> None:
    """Remove what the tests of this checkout left behind."""
    for kind, count in remove(f"label={TESTS}").items():
        log(f"removed {count} {kind}(s) that tests left behind")
