"""A model bundle on a host: whether each of its files is what the release's pin says."""

import hashlib
import json
import os

MANIFEST = "manifest.json"
# MLflow adds it to what it downloads by `models:/`, with the version's number, which no manifest can know. Never read.
DOWNLOADED = "registered_model_meta"
CHUNK = 1 << 20


class BundleError(Exception):
    """A bundle that must not be served; the message names the file."""


def verify(folder, pin):
    """Raise BundleError unless the manifest's sha256 is the pin and every file is the one that the manifest lists.

    No link, and nothing that the manifest does not list, may lie beside them: the server would refuse it, and giving
    it another owner could reach a file outside.
    """
    present = contents(folder)
    digest = sha256(folder, MANIFEST)
    if digest != pin:
        raise BundleError(f"{MANIFEST}: its sha256 is {digest}, release.yml says {pin}")
    listed = files_listed(folder)
    for name, wanted in sorted(listed.items()):
        if os.path.isabs(name) or os.path.normpath(name) != name or name.startswith(".."):
            raise BundleError(f"{MANIFEST}: {name!r} leaves the bundle")
        if sha256(folder, name) != wanted:
            raise BundleError(f"{name}: its sha256 is not the one in {MANIFEST}: a byte of it changed")
    for name in sorted(present - {*listed, MANIFEST, DOWNLOADED}):
        raise BundleError(f"{name}: is not listed in {MANIFEST}")


def files_listed(folder):
    """Return the files of the manifest, each with its sha256."""
    try:
        with open(os.path.join(folder, MANIFEST), encoding="utf-8") as file:
            return {name: entry["sha256"] for name, entry in json.load(file)["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BundleError(f'{MANIFEST}: wanted {{"files": {{name: {{"sha256": ...}}}}}}') from error


def contents(folder):
    """Return the names of all files below a folder; raises BundleError at what is neither a file nor a folder."""
    names = set()
    for path, folders, files in os.walk(folder):
        for entry in (*folders, *files):
            whole = os.path.join(path, entry)
            name = os.path.relpath(whole, folder)
            if os.path.islink(whole) or not (os.path.isfile(whole) or os.path.isdir(whole)):
                raise BundleError(f"{name}: is no regular file")
            if entry in files:
                names.add(name)
    return names


def sha256(folder, name):
    """Return the digest of a regular file; raises BundleError where there is none."""
    path = os.path.join(folder, name)
    if os.path.islink(path) or not os.path.isfile(path):
        raise BundleError(f"{name}: is no regular file" if os.path.lexists(path) else f"{name}: is missing")
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
