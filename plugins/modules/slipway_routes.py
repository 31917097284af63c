"""The Ansible module `slipway_routes`: sets routes aside that HAProxy refuses, so that the gateway can start."""

import os
from collections.abc import Callable, Collection

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: slipway_routes
short_description: Set routes aside that HAProxy refuses
description:
  - Has HAProxy check its configuration with the routes in the same folder. If HAProxy refuses it, the module tries the
    files one by one, each on top of those that are right, and renames a wrong one to C(<name>.cfg.broken), which
    HAProxy ignores.
  - The role that a route belongs to writes it again. A warning names each file and HAProxy's reason.
options:
  config:
    description: HAProxy's configuration without the routes. The routes are the other C(.cfg) files in its folder.
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
    config: /etc/haproxy/slipway/00-gateway.cfg
    first: [api, mlflow]
"""
RETURN = r"""
broken:
  description: The files that were set aside, each with HAProxy's reason.
  returned: always
  type: dict
"""
SPEC = {
    "config": {"type": "path", "required": True},
    "first": {"type": "list", "elements": "str", "default": []},
}
SUFFIX, BROKEN = ".cfg", ".broken"


class ConfigurationError(Exception):
    """HAProxy refuses the configuration even without any route."""


def routes(config: str, first: Collection[str]) -> list[str]:
    """Return the paths of the routes, those of the roles `first` first."""
    folder = os.path.dirname(config)
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    found = [name for name in names if name.endswith(SUFFIX) and name != os.path.basename(config)]
    return [
        os.path.join(folder, name) for name in sorted(found, key=lambda name: name.removesuffix(SUFFIX) not in first)
    ]


def broken(refusal: Callable[[list[str]], str], config: str, paths: list[str]) -> dict[str, str]:
    """Return the routes that HAProxy refuses, each with its reason.

    `refusal` returns why HAProxy refuses a configuration of these files, "" if it takes them.
    """
    if not paths or not refusal([config, *paths]):
        return {}
    if reason := refusal([config]):
        raise ConfigurationError(reason)
    right, found = [config], {}
    for path in paths:
        if reason := refusal([*right, path]):
            found[path] = reason
        else:
            right.append(path)
    return found


def reason_of(output: str) -> str:
    """Return the first alert in HAProxy's output, without its own name and process id."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    alert = next((line for line in lines if line.startswith("[ALERT]")), lines[-1] if lines else "")
    return alert.partition(" : ")[2] or alert


def main() -> None:
    """Run as a module."""
    module = AnsibleModule(SPEC, supports_check_mode=True)
    config = module.params["config"]

    def refusal(paths: list[str]) -> str:
        arguments = [word for path in paths for word in ("-f", path)]
        code, out, err = module.run_command(["haproxy", "-c", *arguments])
        return (reason_of(err or out) or f"exit code {code}") if code else ""

    try:
        found = broken(refusal, config, routes(config, module.params["first"]))
    except ConfigurationError as error:
        module.fail_json(msg=f"{config}: {error}")
    for path, reason in found.items():
        module.warn(f"{path}: renamed to {os.path.basename(path)}{BROKEN} because HAProxy refuses it: {reason}")
        if not module.check_mode:
            os.replace(path, path + BROKEN)
    module.exit_json(changed=bool(found), broken=found)


if __name__ == "__main__":
    main()
