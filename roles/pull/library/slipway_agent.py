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
  - A version is started once, with C(check), on the host's own settings and state before the link turns to it. The
    link C(<folder>/previous) leads to the one before, which the launcher starts where the installed one cannot start.
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
# The link to the version that the launcher starts where the other one cannot start.
PREVIOUS = "previous"
# What the name of a version ends with that was installed beside itself.
AGAIN = "-again"
# As the launcher starts it, but it only looks whether it could run.
START = "import sys; sys.path.insert(0, sys.argv.pop()); from agent.cli import main; sys.exit(main(['check']))"
LIMIT = "60"


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
    """Write the files and their bytecode, onto the disk, into a folder that appears when it is whole."""
    fresh = f"{folder}.new"
    for place in (fresh, folder):
        remove(place)
    for name, content in files.items():
        path = os.path.join(fresh, PACKAGE, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
    # Unchecked: nothing in the folder changes any more, and each look at the branch saves forty looks at files.
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    if not compileall.compile_dir(fresh, quiet=2, stripdir=fresh, prependdir=folder, invalidation_mode=mode):
        raise OSError(f"{fresh}: not all of it can be compiled")
    for path, _, names in os.walk(fresh):
        for name in (*names, ""):
            sync(os.path.join(path, name))
    os.rename(fresh, folder)
    sync(os.path.dirname(folder))


def sync(path):
    """Have a file or a folder on the disk: after a power cut it would else be there and empty."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def remove(path):
    """Remove whatever is there."""
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


def turn(link, target):
    """Have the link lead to the target, in one step."""
    fresh, aside = f"{link}.new", f"{link}.old"
    remove(fresh)
    os.symlink(target, fresh)
    if os.path.isdir(link) and not os.path.islink(link):  # as something other than this module put it there
        os.rename(link, aside)
    os.replace(fresh, link)
    sync(os.path.dirname(link))
    remove(aside)


def problem(run_command, folder):
    """Start the version in the folder once, on this host's own files; return why it cannot start, "" where it can."""
    code, out, err = run_command(["timeout", LIMIT, sys.executable, "-I", "-c", START, folder])
    lines = (err.strip() or out.strip() or f"it ended with code {code}").splitlines()
    return lines[-1] if code else ""


def prune(folder, kept):
    """Remove all versions but those."""
    for name in os.listdir(folder):
        if name not in kept:
            remove(os.path.join(folder, name))


def leads_to(link):
    """Return the name of the version that a link leads to, "" for none."""
    return os.path.basename(os.path.dirname(os.path.realpath(link))) if os.path.isdir(link) else ""


def install(files, folder, name, run_command):
    """Prove the version, then make it the one that runs next; the one that ran well before it is the fallback."""
    link, previous, versions = (os.path.join(folder, name) for name in (PACKAGE, PREVIOUS, VERSIONS))
    live, fallback = leads_to(link), leads_to(previous)
    # Beside the live one, also where that is the same and damaged: until the new one is proved there is no better.
    name += AGAIN if live == name else ""
    place = os.path.join(versions, name)
    os.makedirs(versions, exist_ok=True)
    if sources(os.path.join(place, PACKAGE)) != files or problem(run_command, place):
        write(files, place)
        if said := problem(run_command, place):
            remove(place)
            raise OSError(f"the agent of this commit cannot start on this host, the installed one stays: {said}")
    if live and not problem(run_command, os.path.join(versions, live)):
        fallback = live
        turn(previous, os.path.join(VERSIONS, live, PACKAGE))
    turn(link, os.path.join(VERSIONS, name, PACKAGE))
    # The run that is under way may still import from the live one.
    prune(versions, {name, live, fallback})


def is_installed(files, folder, name, run_command):
    """Whether the link leads to these files, and they can start."""
    link = os.path.join(folder, PACKAGE)
    live = leads_to(link)
    if live not in (name, name + AGAIN) or sources(os.path.realpath(link)) != files:
        return False
    return not problem(run_command, os.path.join(folder, VERSIONS, live))


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
    changed = not is_installed(files, folder, name, module.run_command)
    if changed and not module.check_mode:
        try:
            install(files, folder, name, module.run_command)
        except OSError as error:
            module.fail_json(msg=str(error))
    module.exit_json(changed=changed, version=name)


if __name__ == "__main__":
    main()
