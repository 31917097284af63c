"""A host with the agent on it: its files in a temporary folder, the agent as a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from agent.paths import Paths
from tests.agent.remotes import IDENTITY

ROOT = Path(__file__).resolve().parents[2]
# Does what ansible-pull does, but takes site.yml for a shell script: a run is then whatever a test writes there.
STAND_IN = """\
#!{python}
import argparse, json, os, subprocess, sys
parser = argparse.ArgumentParser()
for name in ("--url", "--checkout", "--directory", "--inventory", "--limit", "--tags"):
    parser.add_argument(name, default="")
parser.add_argument("--full", action="store_true")
parser.add_argument("playbook")
options = parser.parse_args()
subprocess.run(["git", "clone", "--quiet", "--no-checkout", options.url, options.directory], check=True)
subprocess.run(["git", "-C", options.directory, "checkout", "--quiet", "--force", options.checkout], check=True)
with open(os.environ["SLIPWAY_REPORT"], "a") as file:
    file.write(json.dumps({{"play": "Everything", "pattern": "all"}}) + chr(10))
with open({calls!r}, "a") as file:
    file.write(json.dumps({{"commit": options.checkout, "tags": options.tags}}) + chr(10))
sys.exit(subprocess.run(["sh", options.playbook], cwd=options.directory).returncode)
"""


def is_running(pid: int) -> bool:
    """Whether a process has not ended; one that nobody has collected yet has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Machine:
    """A host that follows the branch `prod` of a repository."""

    def __init__(self, folder: Path, repository: Path) -> None:
        self.folder = folder
        self.paths = Paths(folder / "etc", folder / "var")
        self.paths.config.mkdir(parents=True)
        self.write_host(environment="prod", groups=["api"], repository=str(repository), branch="prod", name="web-1")
        # The agent's PATH: this Python's programs, ansible-pull among them, then the system's.
        self.path = [str(folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
        (folder / "bin").mkdir()

    def write_host(self, **keys: Any) -> None:
        """Change keys of host.json."""
        known = json.loads(self.paths.host.read_text()) if self.paths.host.exists() else {}
        self.paths.host.write_text(json.dumps(known | keys))

    def write_settings(self, **keys: int) -> None:
        """Write pull.json."""
        self.paths.settings.write_text(json.dumps(keys))

    def fake_ansible_pull(self) -> None:
        """Put the stand-in for ansible-pull before the real one."""
        program = self.folder / "bin" / "ansible-pull"
        program.write_text(STAND_IN.format(python=sys.executable, calls=str(self.folder / "calls")))
        program.chmod(0o755)

    def calls(self) -> list[dict[str, str]]:
        """What the stand-in was called for, oldest first."""
        path = self.folder / "calls"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def start(
        self, *arguments: str, agent: Path = ROOT, umask: int = -1, **environment: str
    ) -> "subprocess.Popen[str]":
        """Start the agent."""
        options = ["--config", str(self.paths.config), "--data", str(self.paths.data)]
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "agent", *options, *arguments],
            cwd="/",
            env=self.environment() | {"PYTHONPATH": str(agent)} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            umask=umask,
        )

    def environment(self) -> dict[str, str]:
        """The environment of the agent."""
        kept = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
        return kept | IDENTITY | {"PATH": os.pathsep.join(self.path)}

    def agent(self, *arguments: str, agent: Path = ROOT, umask: int = -1, **environment: str) -> tuple[int, str]:
        """Run the agent to its end; return its exit code and what it said."""
        process = self.start(*arguments, agent=agent, umask=umask, **environment)
        output, _ = process.communicate(timeout=120)
        return process.returncode, output

    def state(self) -> dict[str, Any]:
        """What the agent's state file says."""
        document: dict[str, Any] = json.loads(self.paths.state.read_text())
        return document

    def age(self, seconds: float) -> None:
        """Make it so much later for the agent, by making all that it remembers so much older."""
        state = self.state()
        aged = {key: value - seconds for key, value in state.items() if key.endswith("_at") and value}
        self.paths.state.write_text(json.dumps(state | aged))
