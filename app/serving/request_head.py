"""The rules of RFC 9110 and RFC 9112 for the head of a request that the parser does not check."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.problem import Problem

Headers = Sequence[tuple[bytes, bytes]]

VERSIONS = ("1.0", "1.1")
HOST = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~%!$&'()*+,;=-]*)(:[0-9]{0,5})?")
ABSOLUTE = re.compile(rb"https?://([^/?#]+)(.*)", re.IGNORECASE | re.DOTALL)


def check(version: str, headers: Headers) -> None:
    """Raise Problem unless there is only one way to read the head; header names are in lower case."""
    if version not in VERSIONS:
        raise Problem("bad_request", "wanted HTTP/1.1 or HTTP/1.0")
    hosts = [value for name, value in headers if name == b"host"]
    if len(hosts) > 1 or (not hosts and version == "1.1"):
        raise Problem("bad_request", f"wanted one Host header, got {len(hosts)}")
    if hosts and not HOST.fullmatch(hosts[0]):
        raise Problem("bad_request", "wanted a host name or address in the Host header, with or without a port")
    codings = [value.lower() for name, value in headers if name == b"transfer-encoding"]
    if codings and (codings != [b"chunked"] or version == "1.0"):
        raise Problem("bad_request", "wanted no transfer encoding other than chunked, and none in HTTP/1.0")


def split(target: bytes) -> tuple[bytes, bytes]:
    """Return the authority and the path of a target such as http://host/path; raises Problem for any other form."""
    match = ABSOLUTE.fullmatch(target)
    if match is None or not HOST.fullmatch(match[1]):
        raise Problem("bad_request", "wanted a path, or a URL such as http://host/path, as the target")
    path = match[2]
    return match[1], path if path.startswith(b"/") else b"/" + path
