"""The checkout as it is, committed or not, as a commit on the branch that the host follows.

Nothing of the person's changes by it: not the branch, the index, the work tree; no hook runs; objects go elsewhere.
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
    """Return the branch's commit with the checkout's files, and this machine's `settings` in local.yml."""
    mine = Git("-C", str(checkout.root))
    if not mine.succeeds("rev-parse", "--is-inside-work-tree"):
        raise CommandError(
            f"{checkout.root} is not a git checkout, but the host follows a git branch: clone the repository instead"
        )
    head = history(mine, remote)
    tree = files(checkout, mine, remote)
    tip = remote.tip()
    changes = {SETTINGS: told(remote.read(SETTINGS, tree), settings)}
    if tip:
        changes[RELEASE] = remote.read(RELEASE)
    name = mine.text("describe", "--always", "--dirty", "--all") if head else "before the first commit"
    return remote.commit(remote.tree(tree, changes), f"Take the checkout as it is: {name}\n", [head])


def files(checkout: Checkout, mine: Git, remote: Remote) -> str:
    """Return a tree with every file that git tracks, or would take."""
    listing = mine.raw("ls-files", "--cached", "--others", "--exclude-standard", "-z")
    # A folder is another repository, which git would not take either.
    names = b"\0".join(name for name in listing.split(b"\0") if name and not name.endswith(b"/"))
    with tempfile.TemporaryDirectory(dir=remote.path) as folder:
        options = (f"--git-dir={remote.path}", f"--work-tree={checkout.root}")
        git = Git("-C", str(checkout.root), *options, index=Path(folder) / "index")
        git.raw("update-index", "--add", "--remove", "-z", "--stdin", stdin=names + b"\0")
        return git.text("write-tree")


def history(mine: Git, remote: Remote) -> str:
    """Have the checkout's commit and all before it in the remote; return it, "" where there is nothing to hand on."""
    head = mine.commit("HEAD")
    # A shallow clone's oldest commit names parents that nobody has.
    if not head or mine.text("rev-parse", "--is-shallow-repository") == "true":
        return ""
    if not remote.git.commit(head):
        pack = mine.raw("pack-objects", "--revs", "--stdout", "--quiet", stdin=f"{head}\n".encode())
        remote.git.raw("unpack-objects", "-q", stdin=pack)
    return head


def told(text: str, settings: Mapping[str, str]) -> str:
    """Return the text of a YAML file with these top-level keys set."""
    for key, value in settings.items():
        text = re.sub(rf"(?m)^{re.escape(key)}:.*\n?", "", text)
        text = f"{text.rstrip()}\n{key}: {value}\n"
    return text
