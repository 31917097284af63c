"""A map of HAProxy that changes without a reload: its file, and what the processes that run have loaded from it."""

import contextlib
import os
from collections.abc import Callable

from . import files, haproxy


class MapFile:
    """The map in the file at `path`, which begins with `header`; `master` is the socket of HAProxy's main process."""

    def __init__(self, path: str, header: str, master: str) -> None:
        self.path, self.header, self.master = path, header, master

    def text(self, wanted: haproxy.Entries) -> str:
        """Return the content of the file."""
        return self.header + "".join(f"{key} {value}\n" for key, value in wanted)

    def differs(self, wanted: haproxy.Entries) -> bool:
        """Whether the file or a process has other entries."""
        return files.read(self.path) != self.text(wanted) or self._each(wanted, lambda process: None) > 0

    def replace(self, wanted: haproxy.Entries) -> None:
        """Replace what differs, the file first: a process that starts meanwhile has read the new one, or is found."""
        if files.read(self.path) != self.text(wanted):
            os.makedirs(os.path.dirname(self.path), mode=0o755, exist_ok=True)
            files.write(self.path, self.text(wanted).encode(), lambda fresh: os.chmod(fresh, 0o644))
        self._each(wanted, lambda process: process.replace_map(self.path, wanted))

    def loaded(self) -> list[bool]:
        """Return for each process whether it has loaded the map. Raises NotRunningError without a process."""

        def step() -> list[bool]:
            found = []
            for process in haproxy.workers(self.master):
                with contextlib.suppress(haproxy.GoneError):
                    found.append(process.read_map(self.path) is not None)
            return found

        return haproxy.repeat(step)

    def _each(self, wanted: haproxy.Entries, change: Callable[[haproxy.Process], None]) -> int:
        """Change each process that has loaded other entries; return how many."""

        def step() -> int:
            count = 0
            for process in haproxy.workers(self.master):
                # One from before a reload may end at any time.
                with contextlib.suppress(haproxy.GoneError):
                    if process.read_map(self.path) not in (None, wanted):
                        change(process)
                        count += 1
            return count

        try:
            return haproxy.repeat(step)
        except haproxy.NotRunningError:
            return 0
