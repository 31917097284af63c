"""The Ansible module `slipway_daemon`: tells whether a daemon runs with the configuration that is on disk."""

import os
from datetime import UTC, datetime

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: slipway_daemon
short_description: Tell whether a daemon has read its configuration
description:
  - Changed where a file is newer than the daemon, so that the task can notify the handler that takes it up. A handler
    that was lost, because a run was cut off between the two, then runs after all.
  - Changes nothing by itself. A unit that is not active has nothing to be told.
options:
  unit:
    description: The unit of systemd.
    type: str
    required: true
  files:
    description: What the daemon reads. Of a folder, all that is in it.
    type: list
    elements: path
    required: true
  since:
    description: Whether it reads them only when it starts, or also when it is reloaded.
    type: str
    choices: [start, reload]
    required: true
  again:
    description: Changed in any case, as when the run before did not go through.
    type: bool
    default: false
"""
EXAMPLES = r"""
- name: Tell whether the gateway has read its configuration
  slipway_daemon:
    unit: haproxy.service
    files: [/etc/haproxy]
    since: reload
  notify: Reload the gateway
"""
RETURN = r"""
newer:
  description: The files that are newer than the daemon.
  returned: always
  type: list
"""
SPEC = {
    "unit": {"type": "str", "required": True},
    "files": {"type": "list", "elements": "path", "required": True},
    "since": {"type": "str", "choices": ["start", "reload"], "required": True},
    "again": {"type": "bool", "default": False},
}
# The process began to read no earlier than that; a unit without one, as a timer, has only become active.
STARTED = ("ExecMainStartTimestamp", "ActiveEnterTimestamp")
# The end of a reload is a change of state.
RELOADED = ("StateChangeTimestamp",)


def show(module):
    """Return what systemd says of the unit."""
    names = ",".join(("ActiveState", *STARTED, *RELOADED))
    command = ["systemctl", "show", "--timestamp=us+utc", f"--property={names}", module.params["unit"]]
    code, out, err = module.run_command(command, environ_update={"LC_ALL": "C.UTF-8"})
    if code:
        module.fail_json(msg=f"unit={module.params['unit']!r}: systemd tells nothing about it: {err.strip()}")
    return dict(line.split("=", 1) for line in out.splitlines() if "=" in line)


def moment(shown, names):
    """Return the first of these times that the unit has, in seconds since 1970."""
    for text in filter(None, (shown.get(name) for name in names)):
        return datetime.strptime(text, "%a %Y-%m-%d %H:%M:%S.%f UTC").replace(tzinfo=UTC).timestamp()
    return 0.0


def newer(paths, than):
    """Return those of the files, and of what is in the folders, that changed after a moment."""
    found = []
    for path in paths:
        inside = [os.path.join(path, name) for name in sorted(os.listdir(path))] if os.path.isdir(path) else []
        found += [each for each in (path, *inside) if os.path.exists(each) and os.stat(each).st_mtime > than]
    return found


def main():
    """Run as a module."""
    module = AnsibleModule(SPEC, supports_check_mode=True)
    shown = show(module)
    if shown.get("ActiveState") != "active":
        module.exit_json(changed=False, newer=[])
    since = moment(shown, RELOADED if module.params["since"] == "reload" else STARTED)
    found = newer(module.params["files"], since)
    module.exit_json(changed=bool(found) or module.params["again"], newer=found)


if __name__ == "__main__":
    main()
