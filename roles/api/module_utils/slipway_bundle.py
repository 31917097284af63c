"""A model bundle on a host: whether each of its files is what the release's pin says."""

import hashlib
import json
import os

MANIFEST = "manifest.json"
CHUNK = 1 << 20


class BundleError(Exception):
    """A bundle that must not be served; the message names the file."""


def verify(folder, pin):
    """Raise BundleError unless the manifest's sha256 is the pin and every file is the one that the manifest lists.

    That nothing unlisted lies beside them is for the server: it reads no file that is not listed, and refuses to start.
    """
    manifest = os.path.join(folder, MANIFEST)
    digest = sha256(manifest)
    if digest != pin:
        raise BundleError(f"{MANIFEST}: its sha256 is {digest}, release.yml says {pin}")
    with open(manifest, encoding="utf-8") as file:
        listed = json.load(file)["files"]
    for name, entry in sorted(listed.items()):
        path = os.path.join(folder, name)
        if os.path.commonpath([os.path.abspath(path), os.path.abspath(folder)]) != os.path.abspath(folder):
            raise BundleError(f"{MANIFEST}: {name!r} leaves the bundle")
        if sha256(path) != entry["sha256"]:
            raise BundleError(f"{name}: its sha256 is not the one in {MANIFEST}: a byte of it changed")


def sha256(path):
    """Return the digest of a regular file; raises BundleError where there is none."""
    name = os.path.basename(path)
    if os.path.islink(path) or not os.path.isfile(path):
        raise BundleError(f"{name}: is no regular file" if os.path.lexists(path) else f"{name}: is missing")
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
