"""The two slots of a blue-green release: a container for each colour, and the link that the gateway follows."""

import os

from . import files
from .docker import LIMIT_SECONDS, Docker, is_running

COLOURS = ("blue", "green")
CURRENT = "current"
SOCKET = "http.sock"
# The user in all of our images.
UID = 10001


class Colours:
    """The folder with blue/ and green/, which hold the sockets, and current, a link to one of them."""

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
        """Return the colour that the gateway sends requests to, None if it sends them nowhere."""
        link = self.path(CURRENT)
        colour = os.path.basename(os.readlink(link)) if os.path.islink(link) else None
        return colour if colour in COLOURS else None

    def idle(self) -> str:
        """Return the colour that gets no requests."""
        return COLOURS[1] if self.live() == COLOURS[0] else COLOURS[0]

    def prepare(self, colour: str, gid: int) -> None:
        """Make a colour's folder: its server may write there, and the gateway's group may open the socket."""
        for folder, uid, group, mode in ((self.folder, 0, gid, 0o750), (self.path(colour), UID, UID, 0o755)):
            if not files.is_folder(folder):
                files.remove(folder)
                os.makedirs(folder)
            os.chown(folder, uid, group)
            os.chmod(folder, mode)

    def switch(self, colour: str) -> None:
        """Send new requests to a colour."""
        files.link(self.path(CURRENT), colour)

    def clear(self) -> bool:
        """Remove the link, so that the gateway sends requests nowhere; return whether there was one."""
        return files.remove(self.path(CURRENT))

    def exist(self) -> bool:
        """Whether there is a link, or a container of either colour."""
        return os.path.lexists(self.path(CURRENT)) or any(
            self.docker.inspect("container", self.container(colour)) for colour in COLOURS
        )

    def remove(self, colour: str, seconds: int = 0) -> bool:
        """Remove a colour's container; it gets `seconds` to finish its requests. Return whether there was one."""
        name = self.container(colour)
        found = self.docker.inspect("container", name)
        if found and seconds and is_running(found):
            self.docker.run("stop", "--time", str(seconds), name, timeout=seconds + LIMIT_SECONDS)
        return self.docker.remove(name)
