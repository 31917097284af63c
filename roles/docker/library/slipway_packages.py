"""The Ansible module `slipway_packages`: a host has some of Debian's packages."""

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: slipway_packages
short_description: Have Debian's packages installed
description:
  - Asks dpkg first, which takes a hundredth of a second; the lists of packages are fetched only when one is missing.
  - In place of ansible.builtin.apt, which needs python3-apt also to look, and so cannot check a fresh host.
options:
  names:
    description: The packages.
    type: list
    elements: str
    required: true
"""
EXAMPLES = r"""
- name: Install Docker Engine
  slipway_packages:
    names: [docker.io, docker-cli]
"""
RETURN = r"""
missing:
  description: Those that were not installed.
  returned: always
  type: list
"""
SPEC = {"names": {"type": "list", "elements": "str", "required": True}}
INSTALLED = "install ok installed"
# Nobody is there to answer; what somebody edited stays.
QUIET = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
KEEP = ("-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold")
# Another apt may be at work, as on a host's first boot.
WAIT = ("-o", "DPkg::Lock::Timeout=120")
# A mirror that accepts and then says nothing.
LIMIT = ("-o", "Acquire::http::Timeout=20", "-o", "Acquire::https::Timeout=20", "-o", "Acquire::Retries=1")
LINES_TOLD = 3


def missing(module):
    """Return the packages that are not installed."""
    names = module.params["names"]
    # It complains about, and ends with an error for, those that it has never heard of.
    _, out, _ = module.run_command(["dpkg-query", "--show", "--showformat=${Package}\t${Status}\n", *names])
    installed = {line.split("\t")[0] for line in out.splitlines() if line.endswith(f"\t{INSTALLED}")}
    return [name for name in names if name not in installed]


def apt(module, *arguments):
    """Run apt-get; what it complains about is what the run fails with."""
    command = ["apt-get", "--quiet", "--assume-yes", *WAIT, *LIMIT, *KEEP, *arguments]
    code, out, err = module.run_command(command, environ_update=QUIET)
    if code:
        told = [line for line in (err.strip() or out.strip()).splitlines() if line.strip()]
        module.fail_json(msg=f"apt-get {arguments[0]} ended with code {code}: {' '.join(told[-LINES_TOLD:])}")


def finish(module):
    """Finish what a run that was killed began to install: until then apt-get refuses to install anything."""
    code, _, err = module.run_command(
        ["dpkg", "--force-confdef", "--force-confold", "--configure", "--pending"], environ_update=QUIET
    )
    if code:
        module.fail_json(msg=f"dpkg --configure ended with code {code}: {' '.join(err.splitlines()[-LINES_TOLD:])}")


def main():
    """Run as a module."""
    module = AnsibleModule(SPEC, supports_check_mode=True)
    lacking = missing(module)
    if lacking and not module.check_mode:
        finish(module)
        apt(module, "update")
        apt(module, "install", "--no-install-recommends", *lacking)
    module.exit_json(changed=bool(lacking), missing=lacking)


if __name__ == "__main__":
    main()
