"""The host's HTTPS, asked as a client asks it: with the certificate of its own authority."""

import http.client
import json
import ssl
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import yaml

from rehearsal.errors import Trouble
from rehearsal.files import replace
from rehearsal.host import DATA, Host
from rehearsal.place import ENVIRONMENT, Place
from rehearsal.state import State

# Where the role `gateway` has the certificate of the host's own authority for all to read.
AUTHORITY = DATA / "gateway" / "ca.crt"
ASKED_SECONDS = 10


def domain(root: Path) -> str:
    """Return the name under which the gateway answers."""
    folder = root / "environments"
    both = [yaml.safe_load((folder / f"{name}.yml").read_text(encoding="utf-8")) for name in ("base", ENVIRONMENT)]
    return str((both[0] | both[1])["domain"])


def address(place: Place, state: State) -> str:
    """Return where the host answers."""
    return f"https://{domain(place.root)}:{state.https}"


def trust(place: Place, host: Host) -> None:
    """Have the authority's certificate here."""
    found = host.read(AUTHORITY)
    if not found:
        raise Trouble(f"the gateway has no authority yet ({AUTHORITY} on the host): `make status` says how it is")
    replace(place.ca, found, 0o644)


def ask(place: Place, url: str, body: object = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    """Return the status and the document that a URL answers; raises OSError where nobody answers, or not in HTTP."""
    data = None if body is None else json.dumps(body).encode()
    head = {"content-type": "application/json", **(headers or {})}
    request = urllib.request.Request(url, data, head)  # noqa: S310 https, our own
    context = ssl.create_default_context(cafile=str(place.ca))
    try:
        with urllib.request.urlopen(request, timeout=ASKED_SECONDS, context=context) as answer:  # noqa: S310 as above
            return answer.status, _document(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, _document(error.read())
    except http.client.HTTPException as error:
        raise ConnectionError(f"the answer broke off: {error!r}") from error


def require(place: Place, url: str, body: object = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    """Return the same; raises Trouble where nobody answers."""
    try:
        return ask(place, url, body, headers)
    except OSError as error:
        raise Trouble(f"{url}: nobody answers ({getattr(error, 'reason', error)}); `make status` tells more") from error


def _document(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return content.decode(errors="replace")


def models(about: Any) -> str:
    """Return the models of an answer of /version, as a person calls them."""
    return ", ".join(f"{model['name']} {model['version']}" for model in about["models"])


def await_answer(place: Place, url: str, seconds: float) -> tuple[int, Any]:
    """Return what a URL answers, once somebody does."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return ask(place, url)
        except OSError as error:
            if time.monotonic() > deadline:
                raise Trouble(f"{url}: nobody answered within {seconds:.0f} s ({error})") from error
        time.sleep(0.1)
