"""The Ansible module `slipway_secrets`: generated secrets, made once and rendered for their consumers."""

import os
import secrets

from ansible.module_utils import slipway_files
from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: slipway_secrets
short_description: Make secrets once, and render them for their consumers
description:
  - What is missing in the store is made; what is there is never changed.
  - Each is rendered into a folder that only its consumer can read.
  - No secret is in what the module takes or returns.
options:
  wanted:
    description: The secrets, each with C(consumer), C(name), C(uid), and C(bytes), how many random ones it has.
    type: list
    elements: dict
    required: true
  store:
    description: Where they are kept, for root alone.
    type: path
    required: true
  folder:
    description: Where consumers read them, in memory.
    type: path
    required: true
"""
EXAMPLES = r"""
- name: Have the secrets
  slipway_secrets:
    wanted: [{consumer: mlflow, name: admin_password, uid: 10001, bytes: 24}]
    store: /var/lib/slipway/secrets
    folder: /run/slipway/secrets
"""
RETURN = r"""
made:
  description: The names of those that were made.
  returned: always
  type: list
rendered:
  description: The names of those that were rendered.
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
KEPT, RENDERED = 0o600, 0o400
# The folders: the store is root's; consumers pass through the first to their own, where they may look.
STORE_MODE, FOLDER_MODE, CONSUMER_MODE = 0o700, 0o711, 0o500


class Secret:
    """One secret: where it is kept and where it is read."""

    def __init__(self, wanted, store, folder):
        self.uid, self.bytes = wanted["uid"], wanted["bytes"]
        self.title = f"{wanted['consumer']}/{wanted['name']}"
        self.kept = os.path.join(store, self.title)
        self.rendered = os.path.join(folder, self.title)

    def is_kept(self):
        """Whether it was made, wholly, and only root can read it."""
        return os.path.isfile(self.kept) and stands(self.kept, KEPT, 0) and os.path.getsize(self.kept) > 0

    def is_rendered(self):
        """Whether the consumer, and nobody else, reads it as it is kept."""
        place = os.path.dirname(self.rendered)
        return (
            os.path.isfile(self.rendered)
            and stands(self.rendered, RENDERED, self.uid)
            and stands(place, CONSUMER_MODE, self.uid)
            and read(self.rendered) == read(self.kept)
        )

    def make(self):
        """Keep it: what is there keeps its value, and only its mode may have to be mended."""
        value = read(self.kept) if os.path.isfile(self.kept) else b""
        have_folder(os.path.dirname(self.kept), STORE_MODE, 0)
        put(self.kept, value or f"{secrets.token_urlsafe(self.bytes)}\n".encode(), KEPT, 0)

    def render(self):
        """Have the consumer read it."""
        have_folder(os.path.dirname(self.rendered), CONSUMER_MODE, self.uid)
        put(self.rendered, read(self.kept), RENDERED, self.uid)


def stands(path, mode, uid):
    """Whether a file or folder is there, with this mode and owner."""
    if os.path.islink(path) or not os.path.exists(path):
        return False
    found = os.stat(path)
    return (found.st_mode & 0o7777, found.st_uid) == (mode, uid)


def set_access(path, mode, uid):
    """Give a file or folder its owner and mode."""
    os.chown(path, uid, uid)
    os.chmod(path, mode)


def read(path):
    """Return a file's content."""
    with open(path, "rb") as file:
        return file.read()


def put(path, content, mode, uid):
    """Write a file that is never there in part, nor readable by others.

    A folder in its place gives way: Docker makes one where it is to mount a file that is missing.
    """
    slipway_files.write(path, content, lambda fresh: set_access(fresh, mode, uid))


def have_folder(path, mode, uid):
    """Have a folder; files get theirs before they get content."""
    if not slipway_files.is_folder(path):
        slipway_files.remove(path)
        os.makedirs(path, mode=mode)
    set_access(path, mode, uid)


def main():
    """Run as a module."""
    module = AnsibleModule(SPEC, supports_check_mode=True)
    store, folder = module.params["store"], module.params["folder"]
    wanted = [Secret(each, store, folder) for each in module.params["wanted"]]
    making = [secret for secret in wanted if not secret.is_kept()]
    rendering = [secret for secret in wanted if secret in making or not secret.is_rendered()]
    folders = not (stands(store, STORE_MODE, 0) and stands(folder, FOLDER_MODE, 0))
    if not module.check_mode:
        have_folder(store, STORE_MODE, 0)
        have_folder(folder, FOLDER_MODE, 0)
        for secret in making:
            secret.make()
        for secret in rendering:
            secret.render()
    made, rendered = [secret.title for secret in making], [secret.title for secret in rendering]
    module.exit_json(changed=bool(made or rendered or folders), made=made, rendered=rendered)


if __name__ == "__main__":
    main()
