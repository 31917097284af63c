"""Bundles, sound and spoiled, with who has to refuse each: the server (`app/`), the host (`plugins/`), or both.

Both verify a bundle, each in its own code: the host what it has fetched, the server what it is given. The tests of both
go through these cases, so that neither lets through what the other refuses, unless it says so here.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

FILES = {"MLmodel": b"flavors: {}\n", "model/model.ubj": b"{U\x01}", "golden.json": b"{}\n", "reference.json": b"{}\n"}
BOTH = ("server", "host")
# The server alone looks at what is in the files.
SERVER = ("server",)
NOBODY = ()


class Case(NamedTuple):
    """A change to a sound bundle, and who refuses the bundle after it; `pin` is the manifest's own unless it is set."""

    name: str
    change: Callable[[Path], object]
    refused_by: tuple[str, ...] = BOTH
    pin: str | None = None


def write(folder: Path, case: Case) -> str:
    """Write the case's bundle to the empty `folder`, and return the pin to verify it against."""
    for name, content in FILES.items():
        put(name, content)(folder)
    seal(folder)
    case.change(folder)
    manifest = folder / "manifest.json"
    return case.pin or hashlib.sha256(manifest.read_bytes() if manifest.exists() else b"").hexdigest()


def seal(folder: Path) -> None:
    """Write a manifest that lists every file as it is."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "manifest.json"]
    entries = {path.relative_to(folder).as_posix(): _entry(path.read_bytes()) for path in files}
    (folder / "manifest.json").write_text(json.dumps({"format": 1, "files": entries}))


def _entry(content: bytes) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}


def put(name: str, content: bytes, sealed: bool = False) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        if sealed:
            seal(folder)

    return change


def remove(name: str, sealed: bool = False) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).unlink()
        if sealed:
            seal(folder)

    return change


def link(name: str, target: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(target)

    return change


def entry(name: str, **values: object) -> Callable[[Path], None]:
    """Add to the manifest's entry of a file, or make one."""

    def change(folder: Path) -> None:
        manifest = json.loads((folder / "manifest.json").read_text())
        manifest["files"].setdefault(name, _entry(b"")).update(values)
        (folder / "manifest.json").write_text(json.dumps(manifest))

    return change


def another_format(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "format": 9}))


CASES = [
    Case("sound", lambda folder: None, NOBODY),
    Case("file that MLflow adds to a download", put("registered_model_meta", b"model_name: california\n"), NOBODY),
    Case("that file in another folder", put("model/registered_model_meta", b"model_name: california\n")),
    Case("another pin", lambda folder: None, pin="0" * 64),
    *(Case(f"changed {name}", put(name, content[:-1] + b"?")) for name, content in FILES.items()),
    Case("a byte more", put("golden.json", FILES["golden.json"] + b" ")),
    Case("empty file", put("model/model.ubj", b"")),
    *(Case(f"no {name}", remove(name)) for name in (*FILES, "manifest.json")),
    Case("no reference, sealed", remove("reference.json", sealed=True), SERVER),
    *(Case(f"unlisted {name}", put(name, b"x")) for name in ("extra.json", "model/extra.txt", "deep/er/x.txt")),
    *(Case(f"unlisted link to {to}", link("model/link", to)) for to in ("/etc/passwd", "/etc", "nowhere", "model.ubj")),
    Case("listed file is a link", link("golden.json", "reference.json")),
    Case("unlisted pipe", lambda folder: os.mkfifo(folder / "pipe")),
    *(Case(f"listed path {name}", entry(name)) for name in ("../up.json", "/etc/passwd", "a/../../b.json", "./a.json")),
    Case("listed path a//b.json", entry("a//b.json")),
    *(Case(f"manifest {text}", put("manifest.json", text.encode())) for text in ("", "{", "[]", "{}", '{"files": []}')),
    Case("manifest entry without sha256", entry("golden.json", sha256=None)),
    Case("manifest with another size", entry("golden.json", size=4), SERVER),
    Case("manifest of another format", another_format, SERVER),
    Case("pickle, sealed", put("notes.txt", pickle.dumps({"a": 1}), sealed=True), SERVER),
    Case("code, sealed", put("code.py", b"import os\n", sealed=True), SERVER),
]
