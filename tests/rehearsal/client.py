"""A client that asks for predictions over HTTPS at a steady rate, and trusts no answer that it has not checked."""

import http.client
import json
import ssl
import threading
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

TOLERANCE = 1e-5


class Client:
    """Half of the requests over one connection that is kept, half over fresh ones."""

    def __init__(self, url: str, ca: Path, row: list[float], answers: Mapping[str, float], rate: float) -> None:
        """`answers` are the predictions of each version that may answer; `rate` is requests a second."""
        self._address = str(urlsplit(url).hostname), int(urlsplit(url).port or 443)
        self._context = ssl.create_default_context(cafile=str(ca))
        self._body = json.dumps({"features": [row]})
        self._answers = answers
        self._pause = 2 / rate
        self._stop = threading.Event()
        self.served: Counter[str] = Counter()
        self.failures: list[str] = []
        self._threads = [threading.Thread(target=self._ask_often, args=(kept,)) for kept in (True, False)]

    def __enter__(self) -> "Client":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask_often(self, kept: bool) -> None:
        connection = self._connect()
        due = time.monotonic()
        while not self._stop.is_set():
            try:
                self._ask(connection)
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(f"{'kept' if kept else 'fresh'}: {error!r}")
                connection.close()
            if not kept:
                connection.close()
                connection = self._connect()
            # Against the clock: a slow answer makes the next ones come sooner, not fewer.
            due += self._pause
            self._stop.wait(max(0.0, due - time.monotonic()))
        connection.close()

    def _connect(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(*self._address, timeout=10, context=self._context)

    def _ask(self, connection: http.client.HTTPSConnection) -> None:
        connection.request("POST", "/predict", self._body, {"content-type": "application/json"})
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            self.failures.append(f"{answer.status}: {content[:200]!r}")
            return
        said = json.loads(content)
        wanted = self._answers.get(said["version"])
        if wanted is None or abs(said["predictions"][0] - wanted) > TOLERANCE * (1 + abs(wanted)):
            self.failures.append(f"version {said['version']} said {said['predictions']}, wanted {wanted}")
        self.served[said["version"]] += 1
