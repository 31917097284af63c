"""Runs site.yml on the machine of a scenario, limited to the scenario's roles: play.py [option of ansible-playbook ...]"""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from agent import inventory  # noqa: E402  # from the checkout, which is no package that is installed
from agent.host import GROUPS, Host  # noqa: E402

HOST = Host(environment="local", groups=GROUPS, repository="git://forge/slipway.git", branch="local", name="molecule")
# As the agent calls it; nothing may be written beside the sources.
ENVIRONMENT = ("ANSIBLE_CONFIG=/src/ansible.cfg", "ANSIBLE_FORCE_HANDLERS=true", "PYTHONDONTWRITEBYTECODE=1")
# Groups, and what else the playbook is told of a host, come from the agent; what a scenario overrides, as variables.
SETUP = "mkdir -p /etc/slipway && cat >/etc/slipway/inventory.json"


def main(*options: str) -> int:
    """Return Ansible's exit code."""
    machine, tags = os.environ["SLIPWAY_MACHINE"], os.environ["SLIPWAY_TAGS"]
    overridden = json.loads(os.environ.get("SLIPWAY_OVERRIDES", "{}"))
    told = inventory.text(HOST, "0" * 40)
    subprocess.run(["docker", "exec", "-i", machine, "sh", "-c", SETUP], input=told, text=True, check=True)
    environment = [word for each in ENVIRONMENT for word in ("--env", each)]
    play = ["ansible-playbook", "--inventory=/etc/slipway/inventory.json", "--limit", inventory.NAME, "--tags", tags]
    given = ["--extra-vars", json.dumps(overridden), *options, "site.yml"]
    return subprocess.run(["docker", "exec", "--workdir=/src", *environment, machine, *play, *given]).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
