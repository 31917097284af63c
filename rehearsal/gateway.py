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

from rehearsal.checkout import ENVIRONMENT, Checkout
from rehearsal.host import DATA, Host
from rehearsal.state import State
from workstation.errors import CommandError
from workstation.files import replace

# Where the role `gateway` has the certificate of the host's own authority for all to read.
AUTHORITY = DATA / "gateway" / "ca.crt"
ASKED_SECONDS = 10


def domain(root: Path) -> str:
    """Return the name under which the gateway answers."""
    folder = root / "environments"
    both = [yaml.safe_load((folder / f"{name}.yml").read_text(encoding="utf-8")) for name in ("base", ENVIRONMENT)]
    return str((both[0] | both[1])["domain"])


def address(checkout: Checkout, state: State) -> str:
    """Return where the host answers."""
    return f"https://{domain(checkout.root)}:{state.https}"


def trust(checkout: Checkout, host: Host) -> None:
    """Have the authority's certificate here."""
    found = host.read(AUTHORITY)
    if not found:
        raise CommandError(f"the gateway has no authority yet ({AUTHORITY} on the host): `make status` says how it is")
    replace(checkout.ca, found, 0o644)


def ask(checkout: Checkout, url: str, body: object = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    """Return the status and the document that a URL answers; raises OSError where nobody answers, or not in HTTP."""
    data = None if body is None else json.dumps(body).encode()
    head = {"content-type": "application/json", **(headers or {})}
    request = urllib.request.Request(url, data, head)  # noqa: S310 https, our own
    context = ssl.create_default_context(cafile=str(checkout.ca))
    try:
        with urllib.request.urlopen(request, timeout=ASKED_SECONDS, context=context) as answer:  # noqa: S310 as above
            return answer.status, _document(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, _document(error.read())
    except http.client.HTTPException as error:
        raise ConnectionError(f"the answer broke off: {error!r}") from error


def require(
    checkout: Checkout, url: str, body: object = None, headers: dict[str, str] | None = None
) -> tuple[int, Any]:
    """Do the same as `ask`, but raise CommandError where nobody answers."""
    try:
        return ask(checkout, url, body, headers)
    except OSError as error:
        raise CommandError(f"{url}: nobody answers ({getattr(error, 'reason', error)}); see `make status`") from error


def _document(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return content.decode(errors="replace")


def models(about: Any) -> str:
    """Return the models of an answer of /version, as a person calls them."""
    return ", ".join(f"{model['name']} {model['version']}" for model in about["models"])


def await_answer(checkout: Checkout, url: str, seconds: float) -> tuple[int, Any]:
    """Return what a URL answers, once somebody does."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return ask(checkout, url)
        except OSError as error:
            if time.monotonic() > deadline:
                raise CommandError(f"{url}: nobody answered within {seconds:.0f} s ({error})") from error
        time.sleep(0.1)
