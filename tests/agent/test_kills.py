"""A run that is killed between any two of its writes: the next one makes the host what its branch says."""

import itertools
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agent import process_tree
from agent.paths import Paths
from tests.agent.machines import ROOT, Machine
from tests.agent.remotes import Remote, git

pytestmark = pytest.mark.long

KILLED = f"""
import sys
sys.path[:0] = [{str(ROOT)!r}]
from agent.cli import main
from tests.kills import kill_at
kill_at(int(sys.argv.pop(1)))
sys.exit(main(sys.argv[1:]))
"""
# Quicker than the stand-in of the other tests, which is started a hundred times here.
ANSIBLE_PULL = """#!/bin/sh -e
while [ $# -gt 1 ]; do
  case $1 in --url) url=$2;; --checkout) commit=$2;; --directory) folder=$2;; esac
  shift
done
git clone --quiet --no-checkout "$url" "$folder"
git -C "$folder" checkout --quiet --force "$commit"
echo '{"play": "Everything", "pattern": "all"}' >>"$SLIPWAY_REPORT"
cd "$folder"
exec sh -e site.yml
"""
# A template with its handler, as a role has them.
SITE = """
host=$(dirname "$SLIPWAY_REPORT")/..
if [ "$(cat "$host/config")" != %(text)s ]; then echo %(text)s >"$host/config"; notified=1; fi
if grep -q '"slipway_unfinished": true' "$host/var/inventory.json"; then notified=1; fi
if [ "$notified" ]; then cp "$host/config" "$host/daemon"; fi
"""
AT_ONCE = 2


class Host:
    """A copy of a machine, to be killed once."""

    def __init__(self, machine: Machine, number: int) -> None:
        self.number = number
        self.folder = machine.folder.with_name(f"{machine.folder.name}-{number}")
        shutil.copytree(machine.folder, self.folder, symlinks=True)
        self.paths = Paths(self.folder / "etc", self.folder / "var")
        self._options = ["--config", str(self.paths.config), "--data", str(self.paths.data), "now"]
        self._environment = machine.environment() | {"PYTHONPATH": str(ROOT)}

    def run(self, *before: str) -> tuple[int, str]:
        """Run the agent; return its exit code and what it said."""
        done = subprocess.run(
            [sys.executable, "-P", *(before or ("-m", "agent")), *self._options],
            cwd="/",
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=120,
        )
        return done.returncode, done.stdout

    def is_killed_and_recovers(self, commit: str) -> bool:
        """Kill a run before its change of this number, and run again; return whether it came so far."""
        code, output = self.run("-c", KILLED, str(self.number))
        assert code in (0, -signal.SIGKILL), output
        again, output = self.run()
        assert again == 0, f"killed at {self.number}: {output}"
        self._check(commit)
        shutil.rmtree(self.folder)
        return code != 0

    def _check(self, commit: str) -> None:
        state = Machine.state(self)  # type: ignore[arg-type]  # which has the same paths
        where = f"killed at {self.number}"
        assert (state["applied"], state["attempted"], state["unfinished"]) == (commit, commit, False), where
        assert (self.folder / "daemon").read_text() == (self.folder / "config").read_text() == "two\n", where
        assert process_tree.marked(self.paths.data) == set(), where
        assert self.paths.lock.read_text() == "", where
        left = [path for name in ("*.lock", "*.new", "tmp_*") for path in self.paths.data.rglob(name)]
        assert left == [], where
        git(self.paths.repository, "fsck")


def nothing_else(_machine: Machine, _remote: Remote) -> None:
    """A new commit, and no more."""


def damage(machine: Machine, _remote: Remote) -> None:
    """A repository that has to be fetched anew."""
    for file in (machine.paths.repository / "objects").rglob("*"):
        if file.is_file():
            file.chmod(0o644)
            file.write_bytes(b"")


def repoint(machine: Machine, remote: Remote) -> None:
    """Another branch, with a history of its own."""
    machine.write_host(branch="other")
    remote.orphan()


@pytest.mark.parametrize(
    ("and_then", "branch", "step"), [(nothing_else, "prod", 1), (damage, "prod", 4), (repoint, "other", 4)]
)
def test_killed_between_any_two_writes_the_next_run_makes_it_whole(
    machine: Machine, remote: Remote, and_then: Callable[[Machine, Remote], None], branch: str, step: int
) -> None:
    program = machine.folder / "bin" / "ansible-pull"
    program.write_text(ANSIBLE_PULL)
    (machine.folder / "config").write_text("none\n")
    remote.commit({"site.yml": SITE % {"text": "one"}})
    assert machine.agent("run")[0] == 0
    assert (machine.folder / "daemon").read_text() == "one\n"
    and_then(machine, remote)
    commit = remote.commit({"site.yml": SITE % {"text": "two"}}, branch=branch)
    events = 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for batch in itertools.count(0, AT_ONCE * step):
            hosts = [Host(machine, batch + each * step) for each in range(AT_ONCE)]
            came = list(pool.map(lambda host: host.is_killed_and_recovers(commit), hosts))
            events += sum(came)
            if not all(came):
                break
    assert events * step > 30


def test_what_is_killed_is_no_other_process() -> None:
    """The mark of one data folder is not that of another whose name begins with it."""
    with subprocess.Popen(["sleep", "1000"], env={"SLIPWAY_RUN": "/x/var-2", "PATH": os.environ["PATH"]}) as other:
        assert process_tree.marked(Path("/x/var")) == set()
        assert process_tree.marked(Path("/x/var-2")) == {other.pid}
        other.kill()
