"""The Ansible module `slipway_agent`: installs the pull agent of this commit, which the next run starts."""

import compileall
import hashlib
import os
import py_compile
import sys
from collections.abc import Callable, Collection

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.slipway import files

DOCUMENTATION = r"""
module: slipway_agent
short_description: Install the pull agent
description:
  - Each version has a folder of its own, and the link C(<folder>/agent) is pointed to it in one step. The previous
    version stays, because a run that is under way goes on with it.
  - Before the link changes, the module starts the version once, with C(check), on the host's own settings and state.
    The link C(<folder>/previous) points to the previous version, which the launcher starts if the installed one cannot
    start.
  - The agent is compiled, because its service starts every minute and cannot write bytecode.
options:
  source:
    description: The folder C(agent) of a checkout on the host.
    type: path
    required: true
  folder:
    description: Where the agent is installed.
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
# The link to the version that the launcher starts if the installed one cannot start.
PREVIOUS = "previous"
# A version that is installed again, because its files are damaged, goes to a folder whose name ends with this.
AGAIN = "-again"
# Starts the agent as the launcher does, but only to check whether it can run.
START = "import sys; sys.path.insert(0, sys.argv.pop()); from agent.cli import main; sys.exit(main(['check']))"
LIMIT = "60"
Sources = dict[str, bytes]
RunCommand = Callable[[list[str]], tuple[int, str, str]]


def sources(folder: str) -> Sources:
    """Return the agent's files, by their paths in the folder, with their content."""
    found = {}
    for path, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(names):
            with open(os.path.join(path, name), "rb") as file:
                found[os.path.relpath(os.path.join(path, name), folder)] = file.read()
    return found


def version(agent: Sources) -> str:
    """Return a digest of the files and of the Python that compiles them: the name of the version's folder."""
    digest = hashlib.sha256((sys.implementation.cache_tag or "").encode())
    for name, content in sorted(agent.items()):
        digest.update(f"\0{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16]


def write(agent: Sources, folder: str) -> None:
    """Write the files and their bytecode into a folder that appears only once it is whole and on the disk."""
    fresh = f"{folder}.new"
    files.remove(fresh)
    for name, content in agent.items():
        path = os.path.join(fresh, PACKAGE, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
    # Unchecked: files in the folder never change again, and each start of the agent saves forty looks at them.
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    if not compileall.compile_dir(fresh, quiet=2, stripdir=fresh, prependdir=folder, invalidation_mode=mode):
        raise OSError(f"{fresh}: a file of the agent cannot be compiled")
    files.sync_tree(fresh)
    files.replace(fresh, folder)


def problem(run_command: RunCommand, folder: str) -> str:
    """Start the version in the folder once, with this host's own files; return why it cannot start, "" if it can."""
    code, out, err = run_command(["timeout", LIMIT, sys.executable, "-I", "-c", START, folder])
    lines = (err.strip() or out.strip() or f"exit code {code}").splitlines()
    return lines[-1] if code else ""


def prune(folder: str, kept: Collection[str]) -> None:
    """Remove all other versions."""
    for name in os.listdir(folder):
        if name not in kept:
            files.remove(os.path.join(folder, name))


def linked_version(link: str) -> str:
    """Return the name of the version that a link points to, "" if there is none."""
    return os.path.basename(os.path.dirname(os.path.realpath(link))) if os.path.isdir(link) else ""


def install(agent: Sources, folder: str, name: str, run_command: RunCommand) -> None:
    """Check that the version can start, then let the next run start it; the last good one becomes the fallback."""
    link, previous, versions = (os.path.join(folder, path) for path in (PACKAGE, PREVIOUS, VERSIONS))
    live, fallback = linked_version(link), linked_version(previous)
    # Never write over the live version, even a damaged one of the same name: until the new one has started there is
    # none better.
    name += AGAIN if live == name else ""
    os.makedirs(versions, exist_ok=True)
    prepare(agent, os.path.join(versions, name), run_command)
    if live and not problem(run_command, os.path.join(versions, live)):
        fallback = live
        files.link(previous, os.path.join(VERSIONS, live, PACKAGE))
    files.link(link, os.path.join(VERSIONS, name, PACKAGE))
    # A run that is under way may still import from the live version.
    prune(versions, {name, live, fallback})


def prepare(agent: Sources, folder: str, run_command: RunCommand) -> None:
    """Write the version into its folder, unless it is there; raises OSError if it cannot start."""
    if sources(os.path.join(folder, PACKAGE)) == agent and not problem(run_command, folder):
        return
    write(agent, folder)
    if reason := problem(run_command, folder):
        files.remove(folder)
        raise OSError(f"the agent of this commit cannot start on this host; the installed one stays: {reason}")


def is_installed(agent: Sources, folder: str, name: str, run_command: RunCommand) -> bool:
    """Whether the link points to these files, and they can start."""
    link = os.path.join(folder, PACKAGE)
    live = linked_version(link)
    if live not in (name, name + AGAIN) or sources(os.path.realpath(link)) != agent:
        return False
    return not problem(run_command, os.path.join(folder, VERSIONS, live))


def main() -> None:
    """Run as a module."""
    module = AnsibleModule(SPEC, supports_check_mode=True)
    source, folder = module.params["source"], module.params["folder"]
    # Whatever the caller's umask is: everyone may read the agent.
    os.umask(0o022)
    agent = sources(source)
    if "cli.py" not in agent:
        module.fail_json(msg=f"source={source!r}: there is no cli.py; wanted the folder of the agent")
    name = version(agent)
    changed = not is_installed(agent, folder, name, module.run_command)
    if changed and not module.check_mode:
        try:
            install(agent, folder, name, module.run_command)
        except OSError as error:
            module.fail_json(msg=str(error))
    module.exit_json(changed=changed, version=name)


if __name__ == "__main__":
    main()
