"""A model bundle on a host: whether every file is the one that the release pins.

`app/` verifies bundles too, on purpose: the host checks what it fetched, the server checks what it was given.
"""

import hashlib
import json
import os

MANIFEST = "manifest.json"
# MLflow adds this file to what it downloads by `models:/`: it holds the version's number, which no manifest can know.
# Nothing reads it.
DOWNLOADED = "registered_model_meta"
CHUNK = 1 << 20


class BundleError(Exception):
    """A bundle that must not be served; the message names the file."""


def verify(folder: str, pin: str) -> None:
    """Raise BundleError unless the manifest's sha256 is the pin and every file is the one that the manifest lists.

    A link, or a file that the manifest does not list, is an error: the server would refuse it, and changing the owner
    of a link could reach a file outside.
    """
    present = contents(folder)
    digest = sha256(folder, MANIFEST)
    if digest != pin:
        raise BundleError(f"{MANIFEST}: its sha256 is {digest}, release.yml says {pin}")
    listed = files_listed(folder)
    for name, wanted in sorted(listed.items()):
        if os.path.isabs(name) or os.path.normpath(name) != name or name.startswith(".."):
            raise BundleError(f"{MANIFEST}: {name!r} is a path outside of the bundle")
        if sha256(folder, name) != wanted:
            raise BundleError(f"{name}: its sha256 is not the one in {MANIFEST}: the file was changed")
    for name in sorted(present - {*listed, MANIFEST, DOWNLOADED}):
        raise BundleError(f"{name}: is not listed in {MANIFEST}")


def files_listed(folder: str) -> dict[str, str]:
    """Return the files of the manifest, each with its sha256."""
    try:
        with open(os.path.join(folder, MANIFEST), encoding="utf-8") as file:
            return {name: entry["sha256"] for name, entry in json.load(file)["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BundleError(f'{MANIFEST}: wanted {{"files": {{name: {{"sha256": ...}}}}}}') from error


def contents(folder: str) -> set[str]:
    """Return the paths of all files in a folder; raises BundleError for anything but regular files and folders."""
    names = set()
    for path, folders, files in os.walk(folder):
        for entry in (*folders, *files):
            whole = os.path.join(path, entry)
            name = os.path.relpath(whole, folder)
            if os.path.islink(whole) or not (os.path.isfile(whole) or os.path.isdir(whole)):
                raise BundleError(f"{name}: is not a regular file")
            if entry in files:
                names.add(name)
    return names


def sha256(folder: str, name: str) -> str:
    """Return the digest of a regular file; raises BundleError if there is none."""
    path = os.path.join(folder, name)
    if os.path.islink(path) or not os.path.isfile(path):
        raise BundleError(f"{name}: is not a regular file" if os.path.lexists(path) else f"{name}: is missing")
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
