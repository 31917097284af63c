"""The inventory for Ansible: always exactly this host."""

import json
from typing import Any

from agent.host import GROUPS, Host

# ansible-pull runs only for a host with one of this machine's names, and this is always one of them.
NAME = "localhost"


def text(host: Host, commit: str, *, unfinished: bool = False) -> str:
    """Return the inventory as JSON: the host, its groups, and its variables `slipway_...`."""
    facts = {
        "ansible_connection": "local",
        # The Python that runs Ansible: no discovery, and Debian's own modules are there.
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "slipway_branch": host.branch,
        "slipway_commit": commit,
        "slipway_environment": host.environment,
        "slipway_groups": list(host.groups),
        "slipway_name": host.name,
        "slipway_repository": host.repository,
        "slipway_unfinished": unfinished,
        "slipway_vault": host.vault,
    }
    # All groups, also those without this host: Ansible skips a play for them, but reports a misspelt group.
    groups: dict[str, Any] = {group: {"hosts": {NAME: {}} if group in host.groups else {}} for group in GROUPS}
    return json.dumps({"all": {"hosts": {NAME: facts}, "children": groups}}, indent=1) + "\n"
