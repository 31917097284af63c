"""Runs site.yml on a scenario's machine, limited to the scenario's roles.

python -m containers.scenarios.playbook [option of ansible-playbook ...]
"""

import json
import os
import subprocess
import sys
from typing import Any

from agent import inventory
from agent.host import GROUPS, Host
from workstation.paths import ROOT

HOST = Host(
    environment="local", groups=GROUPS, repository="git://git-server/slipway.git", branch="local", name="molecule"
)
INVENTORY = "/etc/slipway/inventory.json"
# As the agent calls it; nothing may be written beside the sources.
ENVIRONMENT = (
    *("ANSIBLE_CONFIG=/src/ansible.cfg", "ANSIBLE_FORCE_HANDLERS=true", "LC_ALL=C.UTF-8", "PYTHONDONTWRITEBYTECODE=1"),
)
UNIT = ROOT / "roles" / "pull" / "templates" / "slipway-pull.service.j2"
# What says how the agent is started, rather than what it may do.
START = ("ExecStart", "SuccessExitStatus", "Type")


def sandbox() -> list[str]:
    """Return what the agent's unit allows it, as options of systemd-run: on a host, Ansible runs within that."""
    lines = UNIT.read_text(encoding="utf-8").partition("[Service]\n")[2].splitlines()
    settings = [line for line in lines if line[:1].isupper() and "{{" not in line]
    return [f"--property={line}" for line in settings if line.partition("=")[0] not in START]


def run(*options: str, tags: str = "", groups: tuple[str, ...] = GROUPS, **replaced: Any) -> tuple[int, str]:
    """Return Ansible's exit code and what it said.

    `tags` are the roles in place of all of the scenario's, `replaced` are variables besides the scenario's.
    """
    machine, tags = os.environ["SLIPWAY_MACHINE"], tags or os.environ["SLIPWAY_TAGS"]
    given = json.loads(os.environ.get("SLIPWAY_OVERRIDES", "{}")) | replaced
    into = ["docker", "exec", "--interactive", machine, "sh", "-c", f"mkdir -p /etc/slipway && cat >{INVENTORY}"]
    subprocess.run(into, input=inventory.text(HOST._replace(groups=groups), "0" * 40), text=True, check=True)
    unit = ["systemd-run", "--quiet", "--wait", "--collect", "--pipe", "--working-directory=/src", *sandbox()]
    unit += [f"--setenv={each}" for each in ENVIRONMENT]
    command = ["ansible-playbook", f"--inventory={INVENTORY}", f"--limit={inventory.NAME}", f"--tags={tags}"]
    command += ["--extra-vars", json.dumps(given), *options, "site.yml"]
    execute = ["docker", "exec", machine, *unit, *command]
    done = subprocess.run(execute, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


if __name__ == "__main__":
    code, output = run(*sys.argv[1:])
    print(output)
    sys.exit(code)
