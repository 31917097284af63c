"""Committing the checkout as it is, with uncommitted changes, to the branch that the host follows.

The user's own repository stays as it is: branch, index and work tree do not change, no hook runs, no object is added.
"""

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from rehearsal.checkout import ENVIRONMENT, Checkout
from rehearsal.git import Git
from rehearsal.remote import RELEASE, Remote
from workstation.errors import CommandError

SETTINGS = f"environments/{ENVIRONMENT}.yml"


def take(checkout: Checkout, remote: Remote, settings: Mapping[str, str]) -> str:
    """Commit the checkout's files, with these `settings` in local.yml, and return the commit."""
    source = Git("-C", str(checkout.root))
    if not source.succeeds("rev-parse", "--is-inside-work-tree"):
        raise CommandError(
            f"{checkout.root} is not a git checkout, but the host follows a git branch: clone the repository instead"
        )
    head = history(source, remote)
    tree = files(checkout, source, remote)
    tip = remote.tip()
    changes = {SETTINGS: with_settings(remote.read(SETTINGS, tree), settings)}
    if tip:
        changes[RELEASE] = remote.read(RELEASE)
    name = source.text("describe", "--always", "--dirty", "--all") if head else "before the first commit"
    return remote.commit(remote.tree(tree, changes), f"Take the checkout as it is: {name}\n", [head])


def files(checkout: Checkout, source: Git, remote: Remote) -> str:
    """Return a tree with every file that git tracks or would add."""
    listing = source.raw("ls-files", "--cached", "--others", "--exclude-standard", "-z")
    # A name that ends with a slash is another repository, which git would not add either.
    names = b"\0".join(name for name in listing.split(b"\0") if name and not name.endswith(b"/"))
    with tempfile.TemporaryDirectory(dir=remote.path) as folder:
        options = (f"--git-dir={remote.path}", f"--work-tree={checkout.root}")
        git = Git("-C", str(checkout.root), *options, index=Path(folder) / "index")
        git.raw("update-index", "--add", "--remove", "-z", "--stdin", stdin=names + b"\0")
        return git.text("write-tree")


def history(source: Git, remote: Remote) -> str:
    """Copy the checkout's history to the remote; return its newest commit, "" where there is no whole history."""
    head = source.commit("HEAD")
    # The oldest commit of a shallow clone names parents that are missing.
    if not head or source.text("rev-parse", "--is-shallow-repository") == "true":
        return ""
    if not remote.git.commit(head):
        pack = source.raw("pack-objects", "--revs", "--stdout", "--quiet", stdin=f"{head}\n".encode())
        remote.git.raw("unpack-objects", "-q", stdin=pack)
    return head


def with_settings(text: str, settings: Mapping[str, str]) -> str:
    """Return the text of a YAML file with these top-level keys set."""
    for key, value in settings.items():
        text = re.sub(rf"(?m)^{re.escape(key)}:.*\n?", "", text)
        text = f"{text.rstrip()}\n{key}: {value}\n"
    return text
