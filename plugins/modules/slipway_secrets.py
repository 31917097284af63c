"""The Ansible module `slipway_secrets`: generates secrets once and renders them for their consumers."""

import os
import secrets
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.slipway import files

DOCUMENTATION = r"""
module: slipway_secrets
short_description: Generate secrets once, and render them for their consumers
description:
  - A secret that is missing in the store is generated; the module never changes one that is there.
  - Each is rendered into a folder that only its consumer can read.
  - Neither the options nor the result contain a secret.
options:
  wanted:
    description: The secrets, each with C(consumer), C(name), C(uid), and C(bytes), the number of its random bytes.
    type: list
    elements: dict
    required: true
  store:
    description: Where they are stored, for root alone.
    type: path
    required: true
  folder:
    description: Where consumers read them; in memory.
    type: path
    required: true
"""
EXAMPLES = r"""
- name: Generate and render the secrets
  slipway_secrets:
    wanted: [{consumer: mlflow, name: admin_password, uid: 10001, bytes: 24}]
    store: /var/lib/slipway/secrets
    folder: /run/slipway/secrets
"""
RETURN = r"""
made:
  description: The names of the secrets that were generated.
  returned: always
  type: list
rendered:
  description: The names of the secrets that were rendered.
  returned: always
  type: list
"""
OPTIONS = {
    **{name: {"type": "str", "required": True} for name in ("consumer", "name")},
    **{name: {"type": "int", "required": True} for name in ("uid", "bytes")},
}
SPEC = {
    "wanted": {"type": "list", "elements": "dict", "required": True, "options": OPTIONS},
    **{name: {"type": "path", "required": True} for name in ("store", "folder")},
}
STORED_MODE, RENDERED_MODE = 0o600, 0o400
# Only root may enter the store. Consumers pass through the folder of all to their own, which they may list.
STORE_MODE, FOLDER_MODE, CONSUMER_MODE = 0o700, 0o711, 0o500


class Secret:
    """One secret: its file in the store, and the file that its consumer reads."""

    def __init__(self, options: dict[str, Any], store: str, folder: str) -> None:
        self.uid: int = options["uid"]
        self.bytes: int = options["bytes"]
        self.title = f"{options['consumer']}/{options['name']}"
        self.stored = os.path.join(store, self.title)
        self.rendered = os.path.join(folder, self.title)

    def is_stored(self) -> bool:
        """Whether the secret was generated, is not empty, and only root can read it."""
        return (
            os.path.isfile(self.stored) and has_access(self.stored, STORED_MODE, 0) and os.path.getsize(self.stored) > 0
        )

    def is_rendered(self) -> bool:
        """Whether the consumer, and nobody else, can read the stored value."""
        return (
            os.path.isfile(self.rendered)
            and has_access(self.rendered, RENDERED_MODE, self.uid)
            and has_access(os.path.dirname(self.rendered), CONSUMER_MODE, self.uid)
            and read(self.rendered) == read(self.stored)
        )

    def store(self) -> None:
        """Generate the secret; one that exists keeps its value and only gets the right mode."""
        value = read(self.stored) if os.path.isfile(self.stored) else b""
        make_folder(os.path.dirname(self.stored), STORE_MODE, 0)
        write(self.stored, value or f"{secrets.token_urlsafe(self.bytes)}\n".encode(), STORED_MODE, 0)

    def render(self) -> None:
        """Write the stored value to where the consumer reads it."""
        make_folder(os.path.dirname(self.rendered), CONSUMER_MODE, self.uid)
        write(self.rendered, read(self.stored), RENDERED_MODE, self.uid)


def has_access(path: str, mode: int, uid: int) -> bool:
    """Whether a file or folder exists, with this mode and owner."""
    if os.path.islink(path) or not os.path.exists(path):
        return False
    found = os.stat(path)
    return (found.st_mode & 0o7777, found.st_uid) == (mode, uid)


def set_access(path: str, mode: int, uid: int) -> None:
    """Set the owner and the mode of a file or folder."""
    os.chown(path, uid, uid)
    os.chmod(path, mode)


def read(path: str) -> bytes:
    """Return the content of a file."""
    with open(path, "rb") as file:
        return file.read()


def write(path: str, content: bytes, mode: int, uid: int) -> None:
    """Write a file that is never incomplete, nor readable by others.

    A folder at `path` is replaced: Docker makes one if it is to mount a file that is missing.
    """
    files.write(path, content, lambda fresh: set_access(fresh, mode, uid))


def make_folder(path: str, mode: int, uid: int) -> None:
    """Make a folder, or correct its access; a file at `path` is replaced."""
    if not files.is_folder(path):
        files.remove(path)
        os.makedirs(path, mode=mode)
    set_access(path, mode, uid)


def main() -> None:
    """Run as a module."""
    module = AnsibleModule(SPEC, supports_check_mode=True)
    store, folder = module.params["store"], module.params["folder"]
    wanted = [Secret(each, store, folder) for each in module.params["wanted"]]
    missing = [secret for secret in wanted if not secret.is_stored()]
    stale = [secret for secret in wanted if secret in missing or not secret.is_rendered()]
    folders = not (has_access(store, STORE_MODE, 0) and has_access(folder, FOLDER_MODE, 0))
    if not module.check_mode:
        make_folder(store, STORE_MODE, 0)
        make_folder(folder, FOLDER_MODE, 0)
        for secret in missing:
            secret.store()
        for secret in stale:
            secret.render()
    made, rendered = [secret.title for secret in missing], [secret.title for secret in stale]
    module.exit_json(changed=bool(made or rendered or folders), made=made, rendered=rendered)


if __name__ == "__main__":
    main()
