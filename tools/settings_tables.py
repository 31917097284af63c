"""Write the tables of settings in docs/ from the code that reads the settings: `make format`.

With --check it changes nothing, and fails if a table is out of date. A table stands between two comments in a page:
the first names it, as in `<!-- table: host.json -->`, and the second is `<!-- end -->`.
"""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from agent.host import Host
from agent.settings import Settings
from app import settings_text
from environments import schema
from training import settings_help
from workstation.paths import ROOT

BLOCK = re.compile(r"(<!-- table: (?P<name>.+?) -->\n).*?(?=<!-- end -->)", re.DOTALL)
FIELD = re.compile(r"^    (?P<name>\w+): [^#=]+(?:= [^#]+)?  # (?P<text>.+)$", re.MULTILINE)
Row = tuple[str, ...]


def host_json() -> Iterator[Row]:
    """Yield the table of host.json: the fields of agent.host.Host."""
    yield "key", "what it is"
    texts = comments(ROOT / "agent" / "host.py")
    for name in Host._fields:
        yield f"`{name}`", texts[name]


def pull_json() -> Iterator[Row]:
    """Yield the table of pull.json: the fields of agent.settings.Settings."""
    yield "key", "default", "what it is"
    texts = comments(ROOT / "agent" / "settings.py")
    for name, default in Settings._field_defaults.items():
        yield f"`{name}`", str(default), texts[name]


def environments() -> Iterator[Row]:
    """Yield the table of environments/*.yml: the keys of base.yml with its comments, and what schema.py accepts.

    It has no values: whoever sets one in a repository of their own need not touch docs/.
    """
    yield "key", "accepted", "what it is"
    text = (ROOT / "environments" / "base.yml").read_text(encoding="utf-8")
    for block in text.split("\n\n"):
        lines = block.splitlines()
        explained = " ".join(line.removeprefix("# ") for line in lines if line.startswith("#"))
        for name in (line.partition(":")[0] for line in lines if not line.startswith("#")):
            yield f"`{name}`", schema.KEYS[name].wanted, explained


def serving() -> Iterator[Row]:
    """Yield the table of the API's settings."""
    yield "variable", "default", "what it sets"
    for variable, default, meaning in settings_text.described():
        yield f"`{variable}`", default, meaning


def training() -> Iterator[Row]:
    """Yield the table of training's settings."""
    yield "key", "default", "meaning"
    for key, default, meaning in settings_help.described():
        yield f"`{key}`", f"`{default}`", meaning


def comments(path: Path) -> dict[str, str]:
    """Return the comments beside the fields of a class, by the names of the fields."""
    return {match["name"]: match["text"] for match in FIELD.finditer(path.read_text(encoding="utf-8"))}


TABLES: dict[str, Callable[[], Iterator[Row]]] = {
    "host.json": host_json,
    "pull.json": pull_json,
    "environments/*.yml": environments,
    "python -m app": serving,
    "python -m training": training,
}


def markdown(rows: Iterator[Row]) -> str:
    """Return a table in Markdown; the first row is its head."""
    head, *rest = (f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows)
    return "\n".join([head, "|---" * (head.count(" | ") + 1) + "|", *rest]) + "\n"


def renew(page: str) -> str:
    """Return a page with its tables written anew."""
    return BLOCK.sub(lambda match: match[1] + markdown(TABLES[match["name"]]()), page)


def main(*options: str) -> None:
    """Write the tables, or check them."""
    for path in sorted((ROOT / "docs").glob("*.md")):
        page = path.read_text(encoding="utf-8")
        if page == renew(page):
            continue
        if options == ("--check",):
            raise SystemExit(f"slipway: a table in docs/{path.name} is out of date: run `make format`")
        path.write_text(renew(page), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
