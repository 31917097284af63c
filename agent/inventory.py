"""What Ansible is told about this host. Always this one host, so that it can never be missing from an inventory."""

import json
from typing import Any

from agent.host import GROUPS, Host

# ansible-pull looks for its own checkout's host among the names of this machine; this one is always among them.
NAME = "localhost"


def text(host: Host, commit: str, *, unfinished: bool = False) -> str:
    """Return the inventory as JSON: the host, its groups, and what only this host knows as `slipway_...`."""
    facts = {
        "ansible_connection": "local",
        # The Python that runs Ansible: nothing to discover, and Debian's own modules are there.
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
    # A group that this host is not in is there too: a play for it is passed over, one for a misspelt group is not.
    groups: dict[str, Any] = {group: {"hosts": {NAME: {}} if group in host.groups else {}} for group in GROUPS}
    return json.dumps({"all": {"hosts": {NAME: facts}, "children": groups}}, indent=1) + "\n"
