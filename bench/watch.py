"""When a release is first seen from outside."""

import threading
import time
from collections.abc import Callable

from rehearsal import gateway
from rehearsal.releases import Releases

LOOKS_EVERY_SECONDS = 0.02


class Watch:
    """Sees when the gateway first answers with something, while a release is under way."""

    def __init__(self, releases: Releases, is_it: Callable[[dict[str, object]], bool]) -> None:
        """`is_it` looks at an answer of /version."""
        self._releases, self._is_it = releases, is_it
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
        while not self.seen and not self._stop.wait(LOOKS_EVERY_SECONDS):
            status, about = gateway.ask(self._releases.checkout, f"{self._releases.url}/version")
            if status == 200 and self._is_it(about):
                self.seen = time.time()
