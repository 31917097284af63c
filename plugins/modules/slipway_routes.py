"""The Ansible module `slipway_routes`: sets routes aside that Caddy refuses, so that the gateway can start."""

import os
import tempfile
from collections.abc import Callable, Collection

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: slipway_routes
short_description: Set routes aside that Caddy refuses
description:
  - Has Caddy check its configuration with the routes in a folder. If Caddy refuses it, the module tries the files one
    by one, each on top of those that are right, and renames a wrong one to C(<name>.caddy.broken), which Caddy ignores.
  - The role that a route belongs to writes it again. A warning names each file and Caddy's reason.
options:
  config:
    description: Caddy's configuration. It imports the files that SLIPWAY_ROUTES names.
    type: path
    required: true
  folder:
    description: Where the routes are.
    type: path
    required: true
  first:
    description: Roles whose routes stay if they contradict the routes of others.
    type: list
    elements: str
    default: []
"""
EXAMPLES = r"""
- name: Set broken routes aside
  slipway_routes:
    config: /etc/caddy/Caddyfile
    folder: /etc/caddy/slipway.d
    first: [api, mlflow]
"""
RETURN = r"""
broken:
  description: The files that were set aside, each with Caddy's reason.
  returned: always
  type: dict
"""
SPEC = {
    "config": {"type": "path", "required": True},
    "folder": {"type": "path", "required": True},
    "first": {"type": "list", "elements": "str", "default": []},
}
SUFFIX, BROKEN = ".caddy", ".broken"


class ConfigurationError(Exception):
    """Caddy refuses the configuration even without any route."""


def routes(folder: str, first: Collection[str]) -> list[str]:
    """Return the file names of the routes, those of the roles `first` first."""
    found = [name for name in sorted(os.listdir(folder)) if name.endswith(SUFFIX)] if os.path.isdir(folder) else []
    return sorted(found, key=lambda name: name.removesuffix(SUFFIX) not in first)


def broken(refusal: Callable[[str], str], folder: str, names: list[str]) -> dict[str, str]:
    """Return the routes that Caddy refuses, each with its reason.

    `refusal` returns why Caddy refuses the files of a pattern, "" if it takes them.
    """
    if not names or not refusal(os.path.join(folder, "*" + SUFFIX)):
        return {}
    found = {}
    with tempfile.TemporaryDirectory() as tried:
        pattern = os.path.join(tried, "*" + SUFFIX)
        if reason := refusal(pattern):
            raise ConfigurationError(reason)
        for name in names:
            link = os.path.join(tried, name)
            os.symlink(os.path.join(folder, name), link)
            if reason := refusal(pattern):
                found[name] = reason.replace(tried, folder)
                os.unlink(link)
    return found


def main() -> None:
    """Run as a module."""
    module = AnsibleModule(SPEC, supports_check_mode=True)
    config, folder = module.params["config"], module.params["folder"]

    def refusal(pattern: str) -> str:
        # During the check Caddy makes a certificate authority. Keep it out of root's own data folder.
        environment = {"XDG_DATA_HOME": "/run/slipway-check", "SLIPWAY_ROUTES": pattern}
        command = ["caddy", "validate", "--adapter", "caddyfile", "--config", config]
        code, _, err = module.run_command(command, environ_update=environment)
        return (err.strip().splitlines() or [f"exit code {code}"])[-1] if code else ""

    try:
        found = broken(refusal, folder, routes(folder, module.params["first"]))
    except ConfigurationError as error:
        module.fail_json(msg=f"{config}: {error}")
    for name, reason in found.items():
        path = os.path.join(folder, name)
        module.warn(f"{path}: renamed to {name}{BROKEN} because Caddy refuses it: {reason}")
        if not module.check_mode:
            os.replace(path, path + BROKEN)
    module.exit_json(changed=bool(found), broken=found)


if __name__ == "__main__":
    main()
