"""The Ansible module `slipway_daemon`: tells whether a daemon has read the configuration that is on disk."""

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: slipway_daemon
short_description: Tell whether a daemon has read its configuration
description:
  - The result is changed if a file is newer than the daemon, so that the task can notify the handler that reloads or
    restarts it. A handler that was lost because a run was cut off runs after all.
  - The module itself changes nothing. A unit that is not active needs no handler.
options:
  unit:
    description: The systemd unit.
    type: str
    required: true
  files:
    description: The files that the daemon reads. A folder stands for everything in it.
    type: list
    elements: path
    required: true
  since:
    description: Whether the daemon reads them only when it starts, or also on a reload.
    type: str
    choices: [start, reload]
    required: true
  again:
    description: Report a change in any case, for example because the run before failed.
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
# A process reads its files after it started. A unit without a process, such as a timer, has only become active.
STARTED = ("ExecMainStartTimestamp", "ActiveEnterTimestamp")
# systemd notes the end of a reload as a change of state.
RELOADED = ("StateChangeTimestamp",)


def show(module: Any) -> dict[str, str]:
    """Return what systemd says about the unit."""
    names = ",".join(("ActiveState", *STARTED, *RELOADED))
    command = ["systemctl", "show", "--timestamp=us+utc", f"--property={names}", module.params["unit"]]
    code, out, err = module.run_command(command, environ_update={"LC_ALL": "C.UTF-8"})
    if code:
        module.fail_json(msg=f"unit={module.params['unit']!r}: systemctl cannot show it: {err.strip()}")
    return dict(line.split("=", 1) for line in out.splitlines() if "=" in line)


def moment(shown: dict[str, str], names: Iterable[str]) -> float:
    """Return the first of these times that the unit has, in seconds since 1970."""
    for text in filter(None, (shown.get(name) for name in names)):
        return datetime.strptime(text, "%a %Y-%m-%d %H:%M:%S.%f UTC").replace(tzinfo=UTC).timestamp()
    return 0.0


def newer(paths: list[str], than: float) -> list[str]:
    """Return the files, those in folders included, that changed after a moment."""
    found: list[str] = []
    for path in paths:
        inside = [os.path.join(path, name) for name in sorted(os.listdir(path))] if os.path.isdir(path) else []
        found += [each for each in (path, *inside) if os.path.exists(each) and os.stat(each).st_mtime > than]
    return found


def main() -> None:
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
