"""What release.yml says, and the commits that change it."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from environments import schema
from plugins.module_utils.slipway.release import version
from rehearsal.remote import RELEASE, Remote
from workstation.errors import CommandError

HEADER = "# What the fleet serves, and all that a release edits. environments/schema.py says what it may hold.\n"
REGISTERED = re.compile(r"models:/([^/@]+)/([1-9][0-9]*)")
MANIFEST = "manifest.json"
Document = dict[str, Any]


@dataclass(frozen=True)
class Pin:
    """A model as release.yml names it."""

    name: str
    uri: str
    sha256: str


def read(remote: Remote, commit: str) -> Document:
    """Return the release of a commit, an empty one where nothing is released."""
    return parsed(remote.read(RELEASE, commit))


def changed(document: Document, pin: Pin | None, image: str) -> Document:
    """Return the release with another model or image, the rest unchanged; raises CommandError for an invalid result."""
    made: Document = {key: document[key] for key in ("image", "default_model", "models") if key in document}
    if image:
        made["image"] = image
    if pin:
        made.setdefault("default_model", pin.name)
        made["models"] = {**made.get("models", {}), pin.name: {"uri": pin.uri, "sha256": pin.sha256}}
    for key, option in (("image", "IMAGE"), ("models", "MODEL")):
        if key not in made:
            raise CommandError(f"{RELEASE} has no {key} yet: name it, make release {option}=...")
    if found := list(schema.check_release(made)):
        raise CommandError(f"{RELEASE} would not do: {'; '.join(found)}")
    return {key: made[key] for key in ("image", "default_model", "models")}


def parsed(text: str) -> Document:
    """Return the release that a text is."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise CommandError(f"{RELEASE} is no YAML ({' '.join(str(error).split())}): `make rollback`") from error
    if not isinstance(document, dict | None):
        raise CommandError(f"{RELEASE} holds no keys: `make rollback`")
    return document or {}


def dumped(document: Document) -> str:
    """Return the text of release.yml."""
    return HEADER + yaml.safe_dump(document, sort_keys=False, width=200)


def title(document: Mapping[str, Any]) -> str:
    """Return how a person calls a release: each model with its version."""
    models = document.get("models") or {}
    return ", ".join(f"{name} {version(model)}" for name, model in sorted(models.items())) or "nothing"


def folder_sha256(folder: Path) -> str:
    """Return the pin of the bundle in a folder; raises CommandError where there is none."""
    try:
        return hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
    except OSError as error:
        wanted = "wanted models:/NAME/NUMBER or the folder of a bundle, as training writes it"
        raise CommandError(f"MODEL={folder}: {MANIFEST}: {error.strerror}; {wanted}") from error


def reverted(remote: Remote) -> tuple[str, str]:
    """Return the last release's commit and the release.yml before it; raises CommandError where there is none."""
    commits = remote.releases()
    if not commits:
        raise CommandError("nothing was released yet: there is nothing to go back from")
    parent = remote.git.commit(f"{commits[0]}^1")
    text = remote.read(RELEASE, parent) if parent else ""
    if not text or not parsed(text):
        raise CommandError("before the last release nothing was released: there is nothing to go back to")
    return commits[0], text
