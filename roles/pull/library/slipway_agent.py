"""The Ansible module `slipway_agent`: the pull agent of this commit is what runs next."""

import compileall
import hashlib
import os
import py_compile
import shutil
import sys

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: slipway_agent
short_description: Install the pull agent
description:
  - Each version has a folder of its own, and the link C(<folder>/agent) turns to it in one step. A run that is
    under way goes on with the version that it began with, so the one before is kept.
  - Compiled, since the agent's service cannot write bytecode and is started every minute.
options:
  source:
    description: The folder C(agent) of a checkout, on the host itself.
    type: path
    required: true
  folder:
    description: Where it is installed.
    type: path
    required: true
"""
EXAMPLES = r"""
- name: Install the agent of this commit
  slipway_agent:
    source: "{{ playbook_dir }}/agent"
    folder: /usr/local/lib/slipway
"""
RETURN = r"""
version:
  description: The name of the version's folder.
  returned: always
  type: str
"""
SPEC = {name: {"type": "path", "required": True} for name in ("source", "folder")}
PACKAGE = "agent"
VERSIONS = "versions"


def sources(folder):
    """Return the agent's files, by their paths in it, with their content."""
    found = {}
    for path, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(names):
            with open(os.path.join(path, name), "rb") as file:
                found[os.path.relpath(os.path.join(path, name), folder)] = file.read()
    return found


def version(files):
    """Return the name of exactly these files, compiled by this Python."""
    digest = hashlib.sha256(sys.implementation.cache_tag.encode())
    for name, content in sorted(files.items()):
        digest.update(f"\0{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16]


def write(files, folder):
    """Write the files and their bytecode into a folder that appears when it is whole."""
    fresh = f"{folder}.new"
    for place in (fresh, folder):
        if os.path.lexists(place):
            shutil.rmtree(place)
    for name, content in files.items():
        path = os.path.join(fresh, PACKAGE, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
    # Unchecked: nothing in the folder changes any more, and each look at the branch saves forty looks at files.
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    if not compileall.compile_dir(fresh, quiet=2, stripdir=fresh, prependdir=folder, invalidation_mode=mode):
        raise OSError(f"{fresh}: not all of it can be compiled")
    os.rename(fresh, folder)


def turn(link, target):
    """Have the link lead to the target, in one step."""
    fresh = f"{link}.new"
    if os.path.lexists(fresh):
        os.unlink(fresh)
    os.symlink(target, fresh)
    if os.path.isdir(link) and not os.path.islink(link):
        shutil.rmtree(link)  # as something other than this module put it there
    os.replace(fresh, link)


def prune(folder, kept):
    """Remove all versions but those."""
    for name in os.listdir(folder):
        if name not in kept:
            shutil.rmtree(os.path.join(folder, name))


def install(files, folder, name):
    """Install the version and make it the one that runs next."""
    link, versions = os.path.join(folder, PACKAGE), os.path.join(folder, VERSIONS)
    before = os.path.basename(os.path.dirname(os.path.realpath(link)))
    os.makedirs(versions, exist_ok=True)
    write(files, os.path.join(versions, name))
    turn(link, os.path.join(VERSIONS, name, PACKAGE))
    prune(versions, {name, before})


def main():
    """Run as a module."""
    module = AnsibleModule(SPEC, supports_check_mode=True)
    source, folder = module.params["source"], module.params["folder"]
    # Whatever the umask of the caller is: the agent is nobody's secret.
    os.umask(0o022)
    files = sources(source)
    if "cli.py" not in files:
        module.fail_json(msg=f"source={source!r}: holds no cli.py, wanted the folder of the agent")
    name = version(files)
    link = os.path.join(folder, PACKAGE)
    place = os.path.join(folder, VERSIONS, name, PACKAGE)
    changed = os.path.realpath(link) != os.path.realpath(place) or sources(place) != files
    if changed and not module.check_mode:
        try:
            install(files, folder, name)
        except OSError as error:
            module.fail_json(msg=str(error))
    module.exit_json(changed=changed, version=name)


if __name__ == "__main__":
    main()
