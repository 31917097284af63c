"""The two colours on a host: a container each, and the link that says which of them the gateway asks."""

import os

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
        try:
            colour = os.path.basename(os.readlink(self.place(CURRENT)))
        except FileNotFoundError:
            return None
        return colour if colour in COLOURS else None

    def other(self):
        """Return the colour that is free."""
        return COLOURS[1] if self.live() == COLOURS[0] else COLOURS[0]

    def prepare(self, colour, gid):
        """Make the folder of a colour: the server may write there, the gateway's group may look."""
        os.makedirs(self.folder, exist_ok=True)
        os.chown(self.folder, 0, gid)
        os.chmod(self.folder, 0o750)  # noqa: S103  # the gateway has to get through
        os.makedirs(self.place(colour), exist_ok=True)
        os.chown(self.place(colour), UID, UID)

    def switch(self, colour):
        """Turn the link in one step: each request goes to the one colour or to the other, never to none."""
        fresh = self.place(f"{CURRENT}.new")
        if os.path.lexists(fresh):
            os.unlink(fresh)
        os.symlink(colour, fresh)
        os.replace(fresh, self.place(CURRENT))

    def clear(self):
        """Take the link away: the gateway asks nobody."""
        if os.path.lexists(self.place(CURRENT)):
            os.unlink(self.place(CURRENT))

    def remove(self, colour, seconds=0):
        """Stop and remove a colour's container if there is one, with so long to finish what it has; return whether."""
        name = self.container(colour)
        if self.docker.inspect("container", name) is None:
            return False
        if seconds:
            self.docker.run("stop", "--time", str(seconds), name)
        self.docker.run("rm", "--force", name)
        return True
