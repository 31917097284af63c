"""Runs site.yml on a scenario's machine, limited to its roles: play.py [option of ansible-playbook ...]"""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from agent import inventory  # from the checkout, which is no package that is installed
from agent.host import GROUPS, Host

HOST = Host(environment="local", groups=GROUPS, repository="git://forge/slipway.git", branch="local", name="molecule")
PLACE = "/etc/slipway/inventory.json"
# As the agent calls it; nothing may be written beside the sources.
ENVIRONMENT = (
    *("ANSIBLE_CONFIG=/src/ansible.cfg", "ANSIBLE_FORCE_HANDLERS=true", "LC_ALL=C.UTF-8", "PYTHONDONTWRITEBYTECODE=1"),
)
UNIT = Path(__file__).resolve().parents[1] / "roles" / "pull" / "templates" / "slipway-pull.service.j2"
# What says how the agent is started, rather than what it may do.
START = ("ExecStart", "SuccessExitStatus", "Type")


def sandbox() -> list[str]:
    """Return what the agent's unit allows it, as options of systemd-run: on a host, Ansible runs within that."""
    lines = UNIT.read_text(encoding="utf-8").partition("[Service]\n")[2].splitlines()
    settings = [line for line in lines if line[:1].isupper() and "{{" not in line]
    return [f"--property={line}" for line in settings if line.partition("=")[0] not in START]


def play(*options: str, tags: str = "", groups: tuple[str, ...] = GROUPS, **replaced: Any) -> tuple[int, str]:
    """Return Ansible's exit code and what it said.

    `tags` are the roles in place of all of the scenario's, `replaced` are variables besides the scenario's.
    """
    machine, tags = os.environ["SLIPWAY_MACHINE"], tags or os.environ["SLIPWAY_TAGS"]
    given = json.loads(os.environ.get("SLIPWAY_OVERRIDES", "{}")) | replaced
    into = ["docker", "exec", "--interactive", machine, "sh", "-c", f"mkdir -p /etc/slipway && cat >{PLACE}"]
    subprocess.run(into, input=inventory.text(replace(HOST, groups=groups), "0" * 40), text=True, check=True)
    unit = ["systemd-run", "--quiet", "--wait", "--collect", "--pipe", "--working-directory=/src", *sandbox()]
    unit += [f"--setenv={each}" for each in ENVIRONMENT]
    command = ["ansible-playbook", f"--inventory={PLACE}", f"--limit={inventory.NAME}", f"--tags={tags}"]
    command += ["--extra-vars", json.dumps(given), *options, "site.yml"]
    execute = ["docker", "exec", machine, *unit, *command]
    done = subprocess.run(execute, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


if __name__ == "__main__":
    code, said = play(*sys.argv[1:])
    print(said)
    sys.exit(code)
