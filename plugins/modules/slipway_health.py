"""The Ansible module `slipway_health`: tells the pull agent how to check what a role runs."""

import json
import os

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.slipway import files

DOCUMENTATION = r"""
module: slipway_health
short_description: Tell the pull agent how to check a role's service
description:
  - Writes C(<folder>/<role>.json), which the agent reads in each poll; docs/operate.md explains the checks.
  - Comes last in a role. If the role fails, the checks stay those of what still runs.
options:
  role:
    description: The role. The agent runs it to repair what a check finds.
    type: str
    required: true
  checks:
    description: The checks. An empty list means that the role runs nothing here; its file is removed.
    type: list
    elements: dict
    required: true
  folder:
    description: Where the agent reads the checks.
    type: path
    default: /etc/slipway/health.d
"""
EXAMPLES = r"""
- name: Tell the agent how to check the gateway
  slipway_health:
    role: gateway
    checks:
      - {part: gateway, unit: haproxy.service}
"""
RETURN = r"""
"""
SPEC = {
    "role": {"type": "str", "required": True},
    "checks": {"type": "list", "elements": "dict", "required": True},
    "folder": {"type": "path", "default": "/etc/slipway/health.d"},
}


def write(path: str, text: str) -> None:
    """Replace the file, or remove it if there is no text."""
    if not text:
        files.remove(path)
        return
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    files.write(path, text.encode(), lambda fresh: os.chmod(fresh, 0o644))


def main() -> None:
    """Run as a module."""
    module = AnsibleModule(SPEC, supports_check_mode=True)
    path = os.path.join(module.params["folder"], module.params["role"] + ".json")
    checks = module.params["checks"]
    before, after = files.read(path), json.dumps(checks, indent=1) + "\n" if checks else ""
    if before != after and not module.check_mode:
        write(path, after)
    module.exit_json(changed=before != after, diff={"before": before, "after": after})


if __name__ == "__main__":
    main()
