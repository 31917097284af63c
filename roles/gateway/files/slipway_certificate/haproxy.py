"""HAProxy's runtime socket: certificates and maps change in the running process, without a reload."""

import socket
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA1

from .errors import CertificateError
from .pem import Certificate

LIMIT_SECONDS = 10


def install(path: Path, file: Path, certificate: Certificate) -> bool:
    """Let HAProxy serve the certificate of this file; return whether it served another one.

    False also where HAProxy does not run or does not use the file: it reads the file when it starts.
    """
    shown = _ask(path, f"show ssl cert {file}")
    fingerprint = certificate.leaf.fingerprint(SHA1()).hex()  # noqa: S303 HAProxy shows no other one
    if shown is None or "Not found" in shown or _field(shown, "SHA1 FingerPrint").lower() == fingerprint:
        return False
    for command in (f"set ssl cert {file} <<\n{certificate.pem().decode()}", f"commit ssl cert {file}"):
        answer = _ask(path, command) or "HAProxy stopped"
        if "Transaction" not in answer and "Success!" not in answer:
            _ask(path, f"abort ssl cert {file}")
            raise CertificateError(f"HAProxy refuses the new certificate: {' '.join(answer.split())}")
    return True


def set_map(path: Path, file: Path, key: str, value: str) -> None:
    """Change a value of a map in HAProxy, if HAProxy runs and uses the map."""
    _ask(path, f"set map {file} {key} {value}")


def _field(shown: str, name: str) -> str:
    lines = dict(line.split(": ", 1) for line in shown.splitlines() if ": " in line)
    return lines.get(name, "")


def _ask(path: Path, command: str) -> str | None:
    """Return HAProxy's answer to a command; None if it does not run."""
    answer = b""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(LIMIT_SECONDS)
        try:
            connection.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return None
        connection.sendall(f"{command}\n".encode())
        connection.shutdown(socket.SHUT_WR)
        while piece := connection.recv(1 << 16):
            answer += piece
    return answer.decode(errors="replace")
