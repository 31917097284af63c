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
# As the agent calls Ansible. The sources are mounted read-only, so Python must not write bytecode there.
ENVIRONMENT = (
    *("ANSIBLE_CONFIG=/src/ansible.cfg", "ANSIBLE_FORCE_HANDLERS=true", "LC_ALL=C.UTF-8", "PYTHONDONTWRITEBYTECODE=1"),
)
UNIT = ROOT / "roles" / "pull" / "templates" / "slipway-pull.service.j2"
# Settings about the agent's start, not about its rights.
START = ("ExecStart", "SuccessExitStatus", "Type")


def sandbox() -> list[str]:
    """Return the restrictions of the agent's unit as options of systemd-run: on a host, Ansible runs under them."""
    lines = UNIT.read_text(encoding="utf-8").partition("[Service]\n")[2].splitlines()
    settings = [line for line in lines if line[:1].isupper() and "{{" not in line]
    return [f"--property={line}" for line in settings if line.partition("=")[0] not in START]


def run(*options: str, tags: str = "", groups: tuple[str, ...] = GROUPS, **replaced: Any) -> tuple[int, str]:
    """Return Ansible's exit code and output.

    `tags` are roles to run instead of the scenario's, `replaced` are variables in addition to the scenario's.
    """
    machine, tags = os.environ["SLIPWAY_MACHINE"], tags or os.environ["SLIPWAY_TAGS"]
    variables = json.loads(os.environ.get("SLIPWAY_OVERRIDES", "{}")) | replaced
    write = ["docker", "exec", "--interactive", machine, "sh", "-c", f"mkdir -p /etc/slipway && cat >{INVENTORY}"]
    subprocess.run(write, input=inventory.text(HOST._replace(groups=groups), "0" * 40), text=True, check=True)
    unit = ["systemd-run", "--quiet", "--wait", "--collect", "--pipe", "--working-directory=/src", *sandbox()]
    unit += [f"--setenv={each}" for each in ENVIRONMENT]
    command = ["ansible-playbook", f"--inventory={INVENTORY}", f"--limit={inventory.NAME}", f"--tags={tags}"]
    command += ["--extra-vars", json.dumps(variables), *options, "site.yml"]
    execute = ["docker", "exec", machine, *unit, *command]
    done = subprocess.run(execute, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


if __name__ == "__main__":
    code, output = run(*sys.argv[1:])
    print(output)
    sys.exit(code)
