"""The two colours on a host: a container each, and the link that says which of them the gateway asks."""

import os

from ansible.module_utils import slipway_files
from ansible.module_utils.slipway_docker import LIMIT_SECONDS, runs

COLOURS = ("blue", "green")
CURRENT = "current"
SOCKET = "http.sock"
# The user in all of our images.
UID = 10001


class Colours:
    """The colours under `folder`: blue/ and green/ with their sockets, and current, a link to one of them."""

    def __init__(self, docker, folder):
        self.docker = docker
        self.folder = folder

    @staticmethod
    def container(colour):
        """Return the name of a colour's container."""
        return f"api-{colour}"

    def place(self, colour):
        """Return a colour's folder, or the link."""
        return os.path.join(self.folder, colour)

    def socket(self, colour):
        """Return a colour's socket, or the one that the link leads to."""
        return os.path.join(self.folder, colour, SOCKET)

    def live(self):
        """Return the colour that the gateway asks, None where it asks none."""
        link = self.place(CURRENT)
        colour = os.path.basename(os.readlink(link)) if os.path.islink(link) else None
        return colour if colour in COLOURS else None

    def other(self):
        """Return the colour that is free."""
        return COLOURS[1] if self.live() == COLOURS[0] else COLOURS[0]

    def prepare(self, colour, gid):
        """Make the folder of a colour: the server may write there, the gateway's group may look."""
        for folder, uid, group, mode in ((self.folder, 0, gid, 0o750), (self.place(colour), UID, UID, 0o755)):
            if not slipway_files.is_folder(folder):
                slipway_files.remove(folder)
                os.makedirs(folder)
            os.chown(folder, uid, group)
            os.chmod(folder, mode)

    def switch(self, colour):
        """Turn the link in one step: each request goes to the one colour or to the other, never to none."""
        fresh = self.place(f"{CURRENT}.new")
        slipway_files.remove(fresh)
        os.symlink(colour, fresh)
        slipway_files.replace(fresh, self.place(CURRENT))

    def clear(self):
        """Take the link away: the gateway asks nobody. Return whether there was one."""
        return slipway_files.remove(self.place(CURRENT))

    def present(self):
        """Return whether there is a link or a container of any colour."""
        return os.path.lexists(self.place(CURRENT)) or any(
            self.docker.inspect("container", self.container(colour)) for colour in COLOURS
        )

    def remove(self, colour, seconds=0):
        """Stop and remove a colour's container if there is one, with so long to finish what it has; return whether."""
        name = self.container(colour)
        found = self.docker.inspect("container", name)
        if found and seconds and runs(found):
            self.docker.run("stop", "--time", str(seconds), name, timeout=seconds + LIMIT_SECONDS)
        return self.docker.remove(name)
