"""The Ansible module `slipway_files`: puts many folders and files in place in one execution."""

import grp
import os
import pwd
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.slipway import files, places
from ..module_utils.slipway.places import Access, File, Folder, Nothing, Place, PlaceError

DOCUMENTATION = r"""
module: slipway_files
short_description: Put folders and files in place
description:
  - Brings folders and files in line with their content, mode and owner, in the order in which they are given, folders
    first. Ansible's own modules do the same one by one, and each execution costs half a second on a small host.
  - A file is replaced in one step, and is on the disk when the task ends. A link or a folder in its place is replaced,
    never followed. A link or a file in the place of a folder is an error.
options:
  folders:
    description:
      - The folders, each with C(path), C(mode) and optionally C(owner) and C(group), which are root if not given.
        Missing parents are made with mode 0755.
      - With C(files), the content of each file by its name, the folder has these files with mode 0644 and no others;
        folders in it stay.
    type: list
    elements: dict
    default: []
  files:
    description:
      - The files, each with C(path), C(content), C(mode) and optionally C(owner) and C(group), which are root if not
        given.
      - C(validate) is a command that has to accept a new file, C(%s) in it, before it replaces the old one. The files
        before it in the list are in place by then. It does not run in check mode.
    type: list
    elements: dict
    default: []
  flush:
    description: Wait for the disk also where nothing changed, for example because the run before was cut off.
    type: bool
    default: false
"""
EXAMPLES = r"""
- name: Install the command slipway-pull
  slipway_files:
    folders:
      - {path: /etc/slipway, mode: "0755"}
    files:
      - path: /etc/slipway/pull.json
        content: "{{ lookup('ansible.builtin.template', 'pull.json.j2') }}"
        mode: "0644"
      - path: /usr/local/bin/slipway-pull
        content: "{{ lookup('ansible.builtin.file', 'slipway-pull', rstrip=false) }}"
        mode: "0755"
"""
RETURN = r"""
paths:
  description: The paths of the files and folders that changed.
  returned: always
  type: list
"""
PLACE = {
    "path": {"type": "path", "required": True},
    "mode": {"type": "str", "required": True},
    "owner": {"type": "str", "default": "root"},
    "group": {"type": "str", "default": "root"},
}
SPEC = {
    "folders": {"type": "list", "elements": "dict", "default": [], "options": {**PLACE, "files": {"type": "dict"}}},
    "files": {
        "type": "list",
        "elements": "dict",
        "default": [],
        # Not of the type str, which would turn a list or a dictionary into Python's notation.
        "options": {**PLACE, "content": {"type": "raw", "required": True}, "validate": {"type": "str", "default": ""}},
    },
    "flush": {"type": "bool", "default": False},
}
MODE = re.compile(r"0[0-7]{3}")
# The mode of the files that make up a folder.
INSIDE = "0644"
# A user or a group that the role would have made by now, in check mode.
TO_COME = -1


def access(wanted: dict[str, Any], mode: str, check_mode: bool) -> Access:
    """Return the owner that a task wants, with a mode."""
    path = wanted["path"]
    if not MODE.fullmatch(mode):
        raise PlaceError(path, f"mode={mode!r}, wanted four octal digits in quotes, such as '0644'")

    def number(key: str, find: Callable[[str], int]) -> int:
        try:
            return find(wanted[key])
        except KeyError:
            if check_mode:
                return TO_COME
            raise PlaceError(path, f"{key}={wanted[key]!r}: this host has no such {key}") from None

    uid = number("owner", lambda name: pwd.getpwnam(name).pw_uid)
    return Access(int(mode, 8), uid, number("group", lambda name: grp.getgrnam(name).gr_gid))


def wanted_places(module: Any) -> Iterator[Place]:
    """Yield each folder and file in its order."""
    params, check = module.params, module.check_mode
    for folder in params["folders"]:
        path, inside = folder["path"], folder["files"]
        yield Folder(path, access(folder, folder["mode"], check))
        if inside is not None:
            own = access(folder, INSIDE, check)
            named = {os.path.join(path, name): text for name, text in inside.items()}
            yield from (File(each, own, places.encoded(each, text)) for each, text in named.items())
            yield from (Nothing(each) for each in places.others(path, set(inside)))
    for file in params["files"]:
        own, content = access(file, file["mode"], check), places.encoded(file["path"], file["content"])
        yield File(file["path"], own, content, partial(refusal, module, file["validate"]))


def refusal(module: Any, command: str, path: str) -> str:
    """Return why a command refuses a file, "" if it accepts it."""
    if not command:
        return ""
    code, out, err = module.run_command(command.replace("%s", path))
    return f"refused by {command}: {(err or out).strip() or f'exit code {code}'}" if code else ""


def main() -> None:
    """Run as a module."""
    module = AnsibleModule(SPEC, supports_check_mode=True)
    paths, diffs = [], []
    try:
        for place in wanted_places(module):
            if place.is_right():
                if not module.check_mode:
                    keep(place, module.params["flush"])
                continue
            paths.append(place.path)
            diffs.append(place.diff())
            if not module.check_mode:
                place.put()
    except (PlaceError, OSError) as error:
        module.fail_json(msg=str(error), changed=bool(paths), paths=paths, diff=diffs)
    module.exit_json(changed=bool(paths), paths=paths, diff=diffs)


def keep(place: Place, flush: bool) -> None:
    """Remove what a run left that was cut off, and make sure that the disk has the rest."""
    files.remove(f"{place.path}.new")
    if flush:
        places.flush(place.path)


if __name__ == "__main__":
    main()
