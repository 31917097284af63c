"""The Ansible module `slipway_clients`: tells the gateway whose keys it accepts, without a reload."""

import os
from datetime import UTC, datetime
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.slipway import files, haproxy

DOCUMENTATION = r"""
module: slipway_clients
short_description: Tell the gateway whose keys it accepts
description:
  - Writes the map that HAProxy looks keys up in, from the sha256 of a key to its client, the end of the key and the
    client's limit.
  - If HAProxy runs and has loaded the map, the map in its memory is replaced too, for all requests at once, those on
    open connections included. Otherwise HAProxy reads the file when it starts or reloads.
options:
  clients:
    description: The clients as in environments/*.yml, which environments/schema.py has checked.
    type: list
    elements: dict
    required: true
  path:
    description: The file of the map, named as in HAProxy's configuration.
    type: path
    required: true
  socket:
    description: HAProxy's runtime socket.
    type: path
    default: /run/haproxy/admin.sock
"""
EXAMPLES = r"""
- name: Tell the gateway whose keys it accepts
  slipway_clients:
    clients:
      - name: mobile-app
        requests_per_second: 50
        keys:
          - sha256: 712c7ccb181053f25ae09a4f26bf5233bfba975ddea09dc9f513f79df049ea8c
            expires: "2027-01-31"
    path: /etc/haproxy/slipway/clients.map
"""
RETURN = r"""
loaded:
  description: Whether HAProxy runs and has loaded the map.
  returned: always
  type: bool
"""
SPEC = {
    "clients": {"type": "list", "elements": "dict", "required": True},
    "path": {"type": "path", "required": True},
    "socket": {"type": "path", "default": haproxy.SOCKET},
}
HEADER = """\
# Whose keys the gateway accepts: the sha256 of a key, its client, the time at which the key ends (in seconds since
# 1970), and the client's requests per second (0: no limit). From api_clients in environments/.
"""
DAY = 86400
LAST_DAY = "9999-12-31"


def entries(clients: list[dict[str, Any]]) -> haproxy.Entries:
    """Return the entries of the map: the sha256 of each key, and what HAProxy has to know of it."""
    return [
        (
            key["sha256"],
            f"{client['name']} {end(key.get('expires') or LAST_DAY)} {client.get('requests_per_second', 0)}",
        )
        for client in clients
        for key in client["keys"]
    ]


def end(last_day: str) -> int:
    """Return the end of a day in UTC, in seconds since 1970."""
    return int(datetime.strptime(last_day, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()) + DAY


def text(wanted: haproxy.Entries) -> str:
    """Return the file of the map."""
    return HEADER + "".join(f"{key} {value}\n" for key, value in wanted)


def read(path: str) -> str:
    """Return the text of a file, "" if there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""


class Clients:
    """The map of the keys, in its file and in the process of HAProxy that runs."""

    def __init__(self, clients: list[dict[str, Any]], path: str, socket: str) -> None:
        self.wanted = entries(clients)
        self.path, self.socket = path, socket
        self.before, self.after = read(path), text(self.wanted)
        self.loaded = self._loaded()

    def _loaded(self) -> haproxy.Entries | None:
        """Return the map that HAProxy works with, None if it has none or does not run."""
        try:
            return haproxy.read_map(self.socket, self.path)
        except haproxy.NotRunningError:
            return None

    def is_stale(self) -> bool:
        """Whether HAProxy works with another list."""
        return self.loaded is not None and self.loaded != self.wanted

    def is_changed(self) -> bool:
        return self.before != self.after or self.is_stale()

    def apply(self) -> None:
        """Replace what differs, the file first: a reload in between must not bring a withdrawn key back."""
        if self.before != self.after:
            os.makedirs(os.path.dirname(self.path), mode=0o755, exist_ok=True)
            files.write(self.path, self.after.encode(), lambda fresh: os.chmod(fresh, 0o644))
        if self.is_stale():
            haproxy.replace_map(self.socket, self.path, self.wanted)


def main() -> None:
    """Run as a module."""
    module = AnsibleModule(SPEC, supports_check_mode=True)
    try:
        clients = Clients(**module.params)
        if not module.check_mode:
            clients.apply()
    except (haproxy.HAProxyError, haproxy.NotRunningError, OSError) as error:
        module.fail_json(msg=f"path={module.params['path']!r}, socket={module.params['socket']!r}: {error}")
    diff = {"before": clients.before, "after": clients.after}
    module.exit_json(changed=clients.is_changed(), loaded=clients.loaded is not None, diff=diff)


if __name__ == "__main__":
    main()
