"""Make a key for a client of the API, and print it with the lines that let it in: `make key NAME=mobile-app`.

Nothing is stored. Only the sha256 goes to git: it cannot be turned back into a key of 256 random bits.
"""

import hashlib
import secrets

from environments import schema
from workstation import terminal
from workstation.errors import CommandError

BYTES = 32
TEXT = """\
The key of {name}, shown only this once:

    {key}

Give it to the client in a way that you trust. Then add these lines to environments/<environment>.yml, and commit them:

api_clients:
  - name: {name}
    keys:
{line}

If the file has api_clients already, leave out the first line. If it has {name} too, add only the lines under keys.
"""


def make() -> str:
    """Return a new key, which needs no quoting in a shell, a URL or a header."""
    return schema.KEY_PREFIX + secrets.token_urlsafe(BYTES)


def text(name: str, expires: str, key: str) -> str:
    """Return what a person has to know of a key. Raises CommandError for a name or a date that would be refused."""
    if not schema.CLIENT["name"].fits(name):
        raise CommandError(f"NAME={name!r}: wanted {schema.CLIENT['name'].wanted}, as in `make key NAME=mobile-app`")
    if expires and not schema.CLIENT_KEY["expires"].fits(expires):
        raise CommandError(f"EXPIRES={expires!r}: wanted {schema.CLIENT_KEY['expires'].wanted}")
    line = f"      - sha256: {hashlib.sha256(key.encode()).hexdigest()}"
    return TEXT.format(name=name, key=key, line=f"{line}\n        expires: {expires}" if expires else line)


def main(name: str = "", expires: str = "") -> None:
    """Print a new key. Empty arguments are what make passes for variables that are not set."""
    print(text(name, expires, make()), end="")


if __name__ == "__main__":
    terminal.run(main)
