"""What is on a host that releases could leave over, and its memory. Prints one JSON object.

It runs on the host, which has no checkout: `host.run("python3", "-", stdin=...)`. Standard library only.
"""

import json
import os
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
DATA = Path("/var/lib/slipway")
# git keeps every commit.
REPOSITORY = "repository.git"
TEMPORARY = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108  # only counted
# Daemons that keep running while releases come and go, by the part of the host that they are.
DAEMONS = {"gateway": "haproxy", "docker": "dockerd", "containerd": "containerd"}
LISTS = {
    "containers": ("docker", "ps", "--all", "--quiet"),
    "images": ("docker", "image", "ls", "--all", "--quiet", "--no-trunc"),
    "volumes": ("docker", "volume", "ls", "--quiet"),
}
API = "docker ps --filter name=api- --quiet | xargs docker inspect --format {{.State.Pid}}"


def take() -> dict[str, Mapping[str, float]]:
    """Return counts by kind, processes by name, and open files and memory in MB by part."""
    counts = {kind: len(set(_lines(*command))) for kind, command in LISTS.items()}
    bundles = DATA / "models"
    kept = [path for path in DATA.iterdir() if path.name not in (REPOSITORY, bundles.name)]
    counts |= {"bundles": len(list(bundles.iterdir())), "files": sum(map(entries, [*kept, *TEMPORARY]))}
    found = dict(processes(PROC))
    parts = {part: {pid for pid, name in found.items() if name == daemon} for part, daemon in DAEMONS.items()}
    open_files = {part: sum(descriptors(PROC / str(pid)) for pid in pids) for part, pids in parts.items()}
    parts["api"] = below(PROC, set(map(int, _lines("sh", "-c", API))))
    memory = {part: sum(megabytes(PROC / str(pid)) for pid in pids) for part, pids in parts.items()}
    return {"counts": counts, "processes": Counter(found.values()), "open_files": open_files, "memory": memory}


def entries(folder: Path) -> int:
    """Return how many files and folders are below a folder."""
    return sum(len(folders) + len(files) for _, folders, files in os.walk(folder))


def processes(proc: Path) -> Iterator[tuple[int, str]]:
    """Yield process id and name of each process but this one."""
    for entry in proc.iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with suppress(FileNotFoundError, ProcessLookupError):  # it ended
                yield int(entry.name), (entry / "comm").read_text().strip()


def below(proc: Path, roots: set[int]) -> set[int]:
    """Return these processes and their children."""
    found = set(roots)
    for pid in roots:
        with suppress(FileNotFoundError, ProcessLookupError):
            found |= set(map(int, (proc / str(pid) / "task" / str(pid) / "children").read_text().split()))
    return found


def descriptors(process: Path) -> int:
    """Return how many files and sockets a process has open, 0 if it ended."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return len(list((process / "fd").iterdir()))
    return 0


def megabytes(process: Path) -> float:
    """Return the memory of a process, with its share of what it shares (PSS); 0 if it ended."""
    with suppress(FileNotFoundError, ProcessLookupError):
        lines = (process / "smaps_rollup").read_text().splitlines()[1:]
        return int(dict(line.split(":", 1) for line in lines)["Pss"].split()[0]) * 1024 / 1e6
    return 0.0


def _lines(*command: str) -> list[str]:
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603  # those above
    return done.stdout.split()


if __name__ == "__main__":
    print(json.dumps(take()))
