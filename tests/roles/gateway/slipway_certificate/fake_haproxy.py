"""A stand-in for HAProxy's runtime socket."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1


class Runtime:
    """Answers as HAProxy does; `commands` are all that it got."""

    def __init__(self, fingerprint: str = "", refuse: str = "") -> None:
        self.fingerprint, self.refuse = fingerprint, refuse
        self.commands: list[str] = []
        self._pending = ""

    def answer(self, command: str) -> str:
        """Return the answer to a command."""
        self.commands.append(command)
        words = command.split()
        if words[0] == "show":
            return f"Filename: {words[3]}\nStatus: Used\nSHA1 FingerPrint: {self.fingerprint.upper()}\n"
        if words[0] == self.refuse:
            return "unable to load certificate from file\n"
        if words[0] == "set":
            (leaf, *_) = x509.load_pem_x509_certificates(command.encode())
            self._pending = leaf.fingerprint(SHA1()).hex()  # noqa: S303 as HAProxy shows it
        if words[0] == "commit":
            self.fingerprint = self._pending
        return {"set": "Transaction created for certificate!\n", "commit": "Committing.\nSuccess!\n"}.get(
            words[0], "\n"
        )

    @property
    def verbs(self) -> list[str]:
        """The first word of each command."""
        return [command.split()[0] for command in self.commands]


@contextmanager
def running(path: Path, runtime: Runtime) -> Iterator[Runtime]:
    """Listen at a path."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(runtime.answer(self.rfile.read().decode()).encode())

    path.parent.mkdir(parents=True, exist_ok=True)
    with socketserver.ThreadingUnixStreamServer(str(path), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield runtime
        finally:
            server.shutdown()
            thread.join()
            path.unlink()
