"""release.yml on the host's branch: what it says, how it changes, and which commit changed it last."""

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

HEADER = "# What the fleet serves: the only file that a release edits. environments/schema.py checks it.\n"
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
            raise CommandError(f"{RELEASE} has no {key} yet: name one, as in `make release {option}=...`")
    if found := list(schema.check_release(made)):
        raise CommandError(f"{RELEASE} would be invalid: {'; '.join(found)}")
    return {key: made[key] for key in ("image", "default_model", "models")}


def parsed(text: str) -> Document:
    """Return the release that a text holds."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        message = " ".join(str(error).split())
        raise CommandError(f"{RELEASE} on the branch is not YAML ({message}): `make rollback` reverts it") from error
    if not isinstance(document, dict | None):
        raise CommandError(f"{RELEASE} on the branch is not a mapping: `make rollback` reverts it")
    return document or {}


def dumped(document: Document) -> str:
    """Return the text of release.yml."""
    return HEADER + yaml.safe_dump(document, sort_keys=False, width=200)


def title(document: Mapping[str, Any]) -> str:
    """Return the models of a release with their versions."""
    models = document.get("models") or {}
    return ", ".join(f"{name} {version(model)}" for name, model in sorted(models.items())) or "nothing"


def folder_sha256(folder: Path) -> str:
    """Return the pin of the bundle in a folder; raises CommandError where there is none."""
    try:
        return hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
    except OSError as error:
        wanted = "wanted models:/NAME/NUMBER, or the folder of a bundle that training wrote"
        raise CommandError(f"MODEL={folder}: {MANIFEST}: {error.strerror}; {wanted}") from error


def reverted(remote: Remote) -> tuple[str, str]:
    """Return the last release's commit and the release.yml before it; raises CommandError where there is none."""
    commits = remote.releases()
    if not commits:
        raise CommandError("nothing to roll back: nothing was released yet")
    parent = remote.git.commit(f"{commits[0]}^1")
    text = remote.read(RELEASE, parent) if parent else ""
    if not text or not parsed(text):
        raise CommandError("nothing to roll back to: nothing was released before the last release")
    return commits[0], text
