"""A real engine for tests of modules: a tiny image made of what this machine has, and a registry that hangs."""

import contextlib
import re
import socket
import subprocess
import tarfile
import tempfile
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

from containers.labels import TESTS as LABEL
from plugins.module_utils.slipway.docker import Docker

TOOLS = ("sh", "sleep", "cp", "mkdir")


def run_command(command: list[str]) -> tuple[int, str, str]:
    """As Ansible's modules have it."""
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


DOCKER = Docker(run_command)


def unique(name: str) -> str:
    """A name that no other test of this machine uses."""
    return f"slipway-test-{name}-{uuid.uuid4().hex[:8]}"


@contextlib.contextmanager
def tiny_image(python: str) -> Iterator[str]:
    """An image whose `python` is a shell script."""
    name = unique("tiny")
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "python"
        script.write_text(f"#!/bin/sh\n{python}\n")
        script.chmod(0o755)
        archive = Path(folder) / "image.tar"
        with tarfile.open(archive, "w", dereference=True) as tar:
            tar.add(script, "bin/python")
            for path in sorted(needed()):
                tar.add(path)
        subprocess.run(
            ["docker", "import", "--change", f"LABEL {LABEL}", archive, name], check=True, capture_output=True
        )
    try:
        yield name
    finally:
        subprocess.run(["docker", "image", "rm", "--force", name], check=True, capture_output=True)


def needed() -> set[str]:
    """The tools, and the libraries that they are linked to."""
    tools = {f"/bin/{tool}" for tool in TOOLS}
    linked = subprocess.run(["ldd", *tools], check=True, capture_output=True, text=True).stdout
    return tools | set(re.findall(r"(/\S+\.so\S*) \(", linked))


@contextlib.contextmanager
def hanging_registry(*, greets: bool) -> Iterator[str]:
    """A registry that accepts and never answers; one that greets answers the first question, and no other."""
    held: list[socket.socket] = []

    def serve() -> None:
        with contextlib.suppress(OSError):  # closed at the end
            while True:
                client = listener.accept()[0]
                held.append(client)
                if greets and client.recv(65536).startswith(b"GET /v2/ "):
                    client.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
    for client in held:
        client.close()
