"""HTTPS requests to the host's gateway, as a client sends them: they trust the host's own certificate authority."""

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

# Where the role `gateway` publishes the certificate of the host's own authority.
AUTHORITY = DATA / "gateway" / "ca.crt"
TIMEOUT_SECONDS = 10


def domain(root: Path) -> str:
    """Return the gateway's domain name."""
    folder = root / "environments"
    both = [yaml.safe_load((folder / f"{name}.yml").read_text(encoding="utf-8")) for name in ("base", ENVIRONMENT)]
    return str((both[0] | both[1])["domain"])


def address(checkout: Checkout, state: State) -> str:
    """Return the gateway's URL."""
    return f"https://{domain(checkout.root)}:{state.https}"


def trust(checkout: Checkout, host: Host) -> None:
    """Copy the authority's certificate from the host."""
    certificate = host.read(AUTHORITY)
    if not certificate:
        raise CommandError(f"the gateway has no certificate authority yet ({AUTHORITY} on the host): see `make status`")
    replace(checkout.ca, certificate, 0o644)


def ask(checkout: Checkout, url: str, body: object = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    """Return status and body of an answer; raises OSError where there is no answer, or none in HTTP."""
    data = None if body is None else json.dumps(body).encode()
    head = {"content-type": "application/json", **(headers or {})}
    request = urllib.request.Request(url, data, head)  # noqa: S310 https, our own
    context = ssl.create_default_context(cafile=str(checkout.ca))
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS, context=context) as answer:  # noqa: S310 as above
            return answer.status, _content(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, _content(error.read())
    except http.client.HTTPException as error:
        raise ConnectionError(f"the answer is incomplete: {error!r}") from error


def require(
    checkout: Checkout, url: str, body: object = None, headers: dict[str, str] | None = None
) -> tuple[int, Any]:
    """Do the same as `ask`, but raise CommandError where there is no answer."""
    try:
        return ask(checkout, url, body, headers)
    except OSError as error:
        raise CommandError(f"{url} does not answer ({getattr(error, 'reason', error)}): see `make status`") from error


def _content(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return content.decode(errors="replace")


def models(version: Any) -> str:
    """Return name and version of each model in an answer of /version."""
    return ", ".join(f"{model['name']} {model['version']}" for model in version["models"])


def await_answer(checkout: Checkout, url: str, seconds: float) -> tuple[int, Any]:
    """Return the first answer of a URL, whatever its status."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return ask(checkout, url)
        except OSError as error:
            if time.monotonic() > deadline:
                raise CommandError(f"{url} did not answer within {seconds:.0f} s ({error})") from error
        time.sleep(0.1)
