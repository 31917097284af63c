"""The Ansible module `slipway_packages`: installs packages of Debian, or removes them."""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: slipway_packages
short_description: Install or remove packages of Debian
description:
  - Asks dpkg first, which takes a hundredth of a second, and fetches the package lists only if one is missing.
  - Replaces ansible.builtin.apt, which needs python3-apt even in check mode and so cannot check a fresh host.
options:
  names:
    description: The packages.
    type: list
    elements: str
    required: true
  state:
    description: Whether they are to be installed, or removed together with their configuration.
    type: str
    choices: [present, absent]
    default: present
"""
EXAMPLES = r"""
- name: Install Docker Engine
  slipway_packages:
    names: [docker.io, docker-cli]
"""
RETURN = r"""
missing:
  description: The packages that were not installed before.
  returned: always
  type: list
"""
SPEC = {
    "names": {"type": "list", "elements": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}
INSTALLED = "install ok installed"
# Nobody can answer questions; configuration files that somebody edited stay.
QUIET = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
KEEP = ("-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold")
# Another apt may be running, for example during a host's first boot.
WAIT = ("-o", "DPkg::Lock::Timeout=120")
# A mirror may accept the connection and then send nothing.
LIMIT = ("-o", "Acquire::http::Timeout=20", "-o", "Acquire::https::Timeout=20", "-o", "Acquire::Retries=1")
ERROR_LINES = 3


def missing(module: Any) -> list[str]:
    """Return the packages that are not installed."""
    names = module.params["names"]
    # The exit code is no help: dpkg-query fails for packages that it has never heard of.
    _, out, _ = module.run_command(["dpkg-query", "--show", "--showformat=${Package}\t${Status}\n", *names])
    installed = {line.split("\t")[0] for line in out.splitlines() if line.endswith(f"\t{INSTALLED}")}
    return [name for name in names if name not in installed]


def apt(module: Any, *arguments: str) -> None:
    """Run apt-get; if it fails, the module fails with the end of its output."""
    command = ["apt-get", "--quiet", "--assume-yes", *WAIT, *LIMIT, *KEEP, *arguments]
    code, out, err = module.run_command(command, environ_update=QUIET)
    if code:
        lines = [line for line in (err.strip() or out.strip()).splitlines() if line.strip()]
        module.fail_json(msg=f"apt-get {arguments[0]}: exit code {code}: {' '.join(lines[-ERROR_LINES:])}")


def finish(module: Any) -> None:
    """Finish the installation that a killed run began: until then apt-get refuses to install anything."""
    code, _, err = module.run_command(
        ["dpkg", "--force-confdef", "--force-confold", "--configure", "--pending"], environ_update=QUIET
    )
    if code:
        module.fail_json(msg=f"dpkg --configure: exit code {code}: {' '.join(err.splitlines()[-ERROR_LINES:])}")


def commands(names: list[str], absent: list[str], state: str) -> list[tuple[str, ...]]:
    """Return the commands of apt-get that bring the packages into this state; none if they are in it."""
    if state == "absent":
        present = [name for name in names if name not in absent]
        return [("purge", *present)] if present else []
    return [("update",), ("install", "--no-install-recommends", *absent)] if absent else []


def main() -> None:
    """Run as a module."""
    module = AnsibleModule(SPEC, supports_check_mode=True)
    absent = missing(module)
    needed = commands(module.params["names"], absent, module.params["state"])
    if needed and not module.check_mode:
        finish(module)
        for command in needed:
            apt(module, *command)
    module.exit_json(changed=bool(needed), missing=absent)


if __name__ == "__main__":
    main()
