"""The Ansible module `slipway_clients`: tells the gateway whose keys it accepts, without a reload."""

from datetime import UTC, datetime
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.slipway import files, haproxy
from ..module_utils.slipway.haproxy_map import MapFile

DOCUMENTATION = r"""
module: slipway_clients
short_description: Tell the gateway whose keys it accepts
description:
  - Writes the map that HAProxy looks keys up in, from the sha256 of a key to its client, the end of the key and the
    client's limit.
  - If HAProxy runs and has loaded the map, the map in its memory is replaced too, for all requests at once, those on
    open connections included. The same goes for its processes from before a reload. Otherwise HAProxy reads the file
    when it starts or reloads.
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
  master:
    description: The socket of HAProxy's master process.
    type: path
    default: /run/haproxy/master.sock
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
    path: /etc/slipway/clients.map
"""
RETURN = r"""
"""
SPEC = {
    "clients": {"type": "list", "elements": "dict", "required": True},
    "path": {"type": "path", "required": True},
    "master": {"type": "path", "default": haproxy.MASTER},
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


class Clients(MapFile):
    """The map of the keys of these clients."""

    def __init__(self, clients: list[dict[str, Any]], path: str, master: str) -> None:
        super().__init__(path, HEADER, master)
        self.wanted = entries(clients)
        self.before, self.after = files.read(path), self.text(self.wanted)

    def is_changed(self) -> bool:
        """Whether the file or a process has another list."""
        return self.differs(self.wanted)

    def apply(self) -> None:
        """Put the list into the file and the processes."""
        self.replace(self.wanted)


def main() -> None:
    """Run as a module."""
    module = AnsibleModule(SPEC, supports_check_mode=True)
    clients = Clients(**module.params)
    try:
        changed = clients.is_changed()
        if changed and not module.check_mode:
            clients.apply()
    except (haproxy.HAProxyError, OSError) as error:
        module.fail_json(msg=f"path={module.params['path']!r}, master={module.params['master']!r}: {error}")
    module.exit_json(changed=changed, diff={"before": clients.before, "after": clients.after})


if __name__ == "__main__":
    main()
