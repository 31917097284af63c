"""The two slots of a blue-green release, and the links that say which of them serves.

`current` is a link to the colour that is released. `serving/<colour>` is there while the gateway may send requests to a
colour: that of `current`, and during a release the other one too. The gateway looks for it every 200 ms or more often.
"""

import os

from . import files
from .docker import LIMIT_SECONDS, Docker, is_running

COLOURS = ("blue", "green")
CURRENT, SERVING = "current", "serving"
SOCKET = "http.sock"
# The user in all of our images.
UID = 10001


class Colours:
    """The folder with blue/ and green/, which hold the sockets, and with the links to them."""

    def __init__(self, docker: Docker, folder: str) -> None:
        self.docker = docker
        self.folder = folder

    @staticmethod
    def container(colour: str) -> str:
        """Return the name of a colour's container."""
        return f"api-{colour}"

    def path(self, name: str) -> str:
        """Return a colour's folder, or the link's path."""
        return os.path.join(self.folder, name)

    def socket(self, colour: str) -> str:
        """Return the path of a colour's socket."""
        return os.path.join(self.folder, colour, SOCKET)

    def live(self) -> str | None:
        """Return the colour that is released, None if there is none."""
        link = self.path(CURRENT)
        colour = os.path.basename(os.readlink(link)) if os.path.islink(link) else None
        return colour if colour in COLOURS else None

    def idle(self) -> str:
        """Return the colour that is not released."""
        return COLOURS[1] if self.live() == COLOURS[0] else COLOURS[0]

    def prepare(self, colour: str, gid: int) -> None:
        """Make a colour's folder: its server may write there, and the gateway's group may open the socket."""
        wanted = (
            (self.folder, 0, gid, 0o750),
            (self.path(SERVING), 0, gid, 0o750),
            (self.path(colour), UID, UID, 0o755),
        )
        for folder, uid, group, mode in wanted:
            if not files.is_folder(folder):
                files.remove(folder)
                os.makedirs(folder)
            os.chown(folder, uid, group)
            os.chmod(folder, mode)

    def release(self, colour: str) -> None:
        """Make a colour the released one."""
        files.link(self.path(CURRENT), colour)

    def clear(self) -> bool:
        """Release neither colour; return whether one was."""
        return files.remove(self.path(CURRENT))

    def publish(self, colour: str) -> bool:
        """Let the gateway send requests to a colour; return whether it could not before."""
        link = os.path.join(self.path(SERVING), colour)
        target = os.path.join(os.pardir, colour)
        if os.path.islink(link) and os.readlink(link) == target:
            return False
        files.link(link, target)
        return True

    def unpublish(self, colour: str) -> bool:
        """Have the gateway send no new requests to a colour; return whether it could before."""
        return files.remove(os.path.join(self.path(SERVING), colour))

    def exist(self) -> bool:
        """Whether there is a link, or a container of either colour."""
        return os.path.lexists(self.path(CURRENT)) or any(
            self.docker.inspect("container", self.container(colour)) for colour in COLOURS
        )

    def remove(self, colour: str, seconds: int = 0) -> bool:
        """Unpublish a colour and remove its container, which gets `seconds` to finish its requests.

        Return whether there was a container.
        """
        self.unpublish(colour)
        name = self.container(colour)
        found = self.docker.inspect("container", name)
        if found and seconds and is_running(found):
            self.docker.run("stop", "--time", str(seconds), name, timeout=seconds + LIMIT_SECONDS)
        return self.docker.remove(name)
