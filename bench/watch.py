"""When a client first sees a release."""

import threading
import time
from collections.abc import Callable

from rehearsal import gateway
from rehearsal.releases import Releases

POLL_SECONDS = 0.02


class Watch:
    """Polls /version in the background; `seen` is the time when it first shows the release."""

    def __init__(
        self, releases: Releases, is_served: Callable[[dict[str, object]], bool], pause: float = POLL_SECONDS
    ) -> None:
        """`is_served` decides whether an answer of /version shows the release, `pause` is between two requests."""
        self._releases, self._is_served, self._pause = releases, is_served, pause
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.seen = 0.0

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self.seen and not self._stop.wait(self._pause):
            status, about = gateway.ask(self._releases.checkout, f"{self._releases.url}/version")
            if status == 200 and self._is_served(about):
                self.seen = time.time()
