"""Releasing as a team does it: a commit to release.yml, the host that takes it up, the answer that proves it."""

import json
import tempfile
import time
from pathlib import Path
from typing import Any

from rehearsal import gateway, registry, release_file
from rehearsal.checkout import Checkout
from rehearsal.follow import Failed, Replaced, hopeless, until_applied
from rehearsal.host import DATA, Host
from rehearsal.progress import Progress
from rehearsal.release_file import Document, Pin
from rehearsal.remote import RELEASE, Remote
from rehearsal.state import State
from rehearsal.tracking import Tracking
from workstation.errors import CommandError

INCOMING = DATA / "incoming"
SERVES_WITHIN_SECONDS = 30


class Releases:
    """The releases of one rehearsal."""

    def __init__(self, checkout: Checkout, state: State, progress: Progress) -> None:
        """The host has to be up."""
        self.checkout, self.state, self.progress = checkout, state, progress
        self.host, self.remote = Host(checkout), Remote(checkout)
        self.url = gateway.address(checkout, state)

    def pin(self, model: str) -> Pin:
        """Return what a person calls a model, with its digest."""
        if found := release_file.REGISTERED.fullmatch(model):
            return self._registered(model, found[1], found[2])
        if model.startswith("models:"):
            raise CommandError(f"MODEL={model}: wanted models:/NAME/NUMBER: a number, since an alias moves")
        return self._folder(Path(model).expanduser().absolute())

    def image(self, name: str) -> str:
        """Return an image by digest; one of this machine is pushed."""
        return name if "@sha256:" in name else registry.push(self.checkout, self.state, name, "api")

    def make(self, pin: Pin | None, image: str) -> None:
        """Release a model or an image or both; return when it serves. Raises CommandError with the reason why not."""
        tip = self.remote.tip()
        document = release_file.changed(release_file.read(self.remote, tip), pin, image)
        if document == release_file.read(self.remote, tip):
            self.progress.say(f"{RELEASE} on the branch says so already")
            self.take_up(tip, document)
            return
        text = release_file.dumped(document)
        self.commit({RELEASE: text}, f"Release {release_file.title(document)}\n", document)

    def back(self) -> None:
        """Release what the last release replaced."""
        commit, text = release_file.reverted(self.remote)
        subject = self.remote.git.text("log", "-1", "--format=%s", commit)
        message = f'Revert "{subject}"\n\nThis reverts commit {commit}.\n'
        self.commit({RELEASE: text}, message, release_file.parsed(text))

    def commit(self, files: dict[str, str], message: str, document: Document) -> None:
        """Commit, show it, and follow it."""
        self.require_following()
        made = self.remote.change(files, message)
        self.progress.say(f"committed {made[:8]}, {message.splitlines()[0]}:\n{self.remote.diff(made)}")
        self.take_up(made, document)

    def take_up(self, commit: str, document: Document) -> None:
        """Return when the host serves a release; raises CommandError with the reason why it does not."""
        before = self.serving()
        with self.progress.step(f"the host takes up {release_file.title(document)}"):
            try:
                # It would see the commit within ten seconds, which a person need not wait.
                self.host.nudge()
                until_applied(self.host, commit, self.progress, self.remote.tip)
            except Failed as failed:
                raise CommandError(f"{failed}\nslipway: {self.fate(before)}") from failed
        with self.progress.step(f"asking {self.url}/version"):
            self.progress.result(self.await_served(commit, document))

    def require_following(self) -> None:
        """Raise CommandError where the host does not follow its branch: a commit more would wait for nothing."""
        status, _ = self.host.look()
        if reason := hopeless(status):
            raise CommandError(
                f"nothing was committed, since the host does not follow the branch: {reason}."
                " On the host (`make shell`), `slipway-pull status` tells more, and"
                " `slipway-pull adopt` accepts a branch that was rewritten on purpose"
            )

    def fate(self, before: str) -> str:
        """Return what a person asks after a failed release."""
        now = self.serving()
        serves = f"{now} serves on, as before" if now == before else f"{now} serves, before it was {before}"
        return f"{serves}; `make rollback` takes the commit back, until then the host tries it again"

    def serving(self) -> str:
        """Return what serves, as a person calls it."""
        try:
            status, about = gateway.ask(self.checkout, f"{self.url}/version")
        except OSError:
            return "nothing"
        if status != 200:
            return "nothing"
        return gateway.models(about)

    def await_served(self, commit: str, document: Document) -> str:
        """Return what serves once it is the commit's release; raises CommandError where it does not become it."""
        wanted = sorted((name, model["sha256"]) for name, model in document["models"].items())
        deadline = time.monotonic() + SERVES_WITHIN_SECONDS
        while True:
            status, about = gateway.await_answer(self.checkout, f"{self.url}/version", SERVES_WITHIN_SECONDS)
            if status == 200 and served(about) == wanted and about["image"] == document["image"]:
                return f"{self.serving()} serves"
            if self.remote.tip() != commit:
                raise Replaced(
                    f"{commit[:8]} was applied, and then replaced by {self.remote.tip()[:8]}, a newer commit"
                )
            if time.monotonic() > deadline:
                raise CommandError(f"the commit is applied, but {self.url}/version answers {status}: {about}")
            time.sleep(0.1)

    def _registered(self, uri: str, name: str, number: str) -> Pin:
        """Check the registry's digest against the manifest itself."""
        tracking = Tracking(self.checkout, self.state)
        said = tracking.version(name, number)["tags"].get("manifest_sha256", "")
        with tempfile.TemporaryDirectory(dir=self.checkout.folder) as folder:
            manifest = tracking.download(f"{uri}/{release_file.MANIFEST}", Path(folder))
            found = release_file.folder_sha256(manifest.parent)
        if said and said != found:
            raise CommandError(
                f"{uri}: MLflow's tag manifest_sha256 and the bundle's {release_file.MANIFEST} disagree:"
                f" the tag says {said}, the file's sha256 is {found}. One of them was changed after training"
            )
        return Pin(name, uri, found)

    def _folder(self, folder: Path) -> Pin:
        """Copy a bundle to the host, where an address of a file can name it."""
        sha256 = release_file.folder_sha256(folder)
        target = INCOMING / sha256
        self.host.copy(folder, target)
        document = release_file.read(self.remote, self.remote.tip())
        names = [folder.parent.name] if folder.parent.name in document.get("models", {}) else []
        name = [*names, document.get("default_model"), folder.parent.name]
        return Pin(next(filter(None, name)), target.as_uri(), sha256)


def served(about: Any) -> list[tuple[str, str]]:
    """Return the models of an answer of /version, each with its digest."""
    return sorted((model["name"], model["sha256"]) for model in about["models"])


def example(host: Host, sha256: str) -> str:
    """Return a body that the API answers: a golden row of the model that misses nothing."""
    golden = json.loads(host.read(DATA / "models" / sha256 / "golden.json") or "{}")
    row = next(row for row in golden["rows"] if None not in row)
    return json.dumps({"features": [row]})
