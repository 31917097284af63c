"""The Ansible module `slipway_health`: the pull agent knows how to see whether what a role runs works."""

import json
import os

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: slipway_health
short_description: Tell the pull agent how to see whether a role's service works
description:
  - Writes C(<folder>/<role>.json), which the agent goes by at each of its looks; docs/operate.md explains the checks.
  - Comes last in a role, so that one that fails leaves the checks of what it left running.
options:
  role:
    description: The role, which is also what the agent runs to repair what a check finds.
    type: str
    required: true
  checks:
    description: The checks. With none, the role has nothing running here, and its file is removed.
    type: list
    elements: dict
    required: true
  folder:
    description: Where the agent looks for them.
    type: path
    default: /etc/slipway/health.d
"""
EXAMPLES = r"""
- name: Say how to see whether the gateway works
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


def read(path):
    """Return the text of a file, empty where there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def write(path, text):
    """Replace the file, or remove it where there is no text."""
    if not text:
        os.unlink(path)
        return
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    fresh = f"{path}.new"
    with open(fresh, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o644)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)


def main():
    """Run as a module."""
    module = AnsibleModule(SPEC, supports_check_mode=True)
    path = os.path.join(module.params["folder"], module.params["role"] + ".json")
    checks = module.params["checks"]
    before, after = read(path), json.dumps(checks, indent=1) + "\n" if checks else ""
    if before != after and not module.check_mode:
        write(path, after)
    module.exit_json(changed=before != after, diff={"before": before, "after": after})


if __name__ == "__main__":
    main()
