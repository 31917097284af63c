"""Releasing as a team does it: commit release.yml, wait until the host has applied it, check what is served."""

import json
import tempfile
import time
from pathlib import Path
from typing import Any

from rehearsal import gateway, registry, release_file
from rehearsal.checkout import Checkout
from rehearsal.follow import Failed, Superseded, refusal, until_applied
from rehearsal.host import DATA, Host
from rehearsal.progress import Progress
from rehearsal.release_file import Document, Pin
from rehearsal.remote import RELEASE, Remote
from rehearsal.state import State
from rehearsal.tracking import Tracking
from workstation.errors import CommandError

INCOMING = DATA / "incoming"
SERVES_WITHIN_SECONDS = 30
NOTHING = "nothing"


class Releases:
    """The releases of one rehearsal."""

    def __init__(self, checkout: Checkout, state: State, progress: Progress) -> None:
        """The host has to run."""
        self.checkout, self.state, self.progress = checkout, state, progress
        self.host, self.remote = Host(checkout), Remote(checkout)
        self.url = gateway.address(checkout, state)

    def pin(self, model: str) -> Pin:
        """Return the release.yml entry for a model: models:/NAME/NUMBER, or the folder of a bundle."""
        if found := release_file.REGISTERED.fullmatch(model):
            return self._registered(model, found[1], found[2])
        if model.startswith("models:"):
            raise CommandError(f"MODEL={model}: wanted models:/NAME/NUMBER; an alias is not enough, since it can move")
        return self._folder(Path(model).expanduser().absolute())

    def image(self, name: str) -> str:
        """Return an image by digest; push it first if it is a local one."""
        return name if "@sha256:" in name else registry.push(self.checkout, self.state, name, "api")

    def release(self, pin: Pin | None, image: str) -> None:
        """Release a model, an image or both; return when it is served. Raises CommandError with the reason why not."""
        tip = self.remote.tip()
        document = release_file.changed(release_file.read(self.remote, tip), pin, image)
        if document == release_file.read(self.remote, tip):
            self.progress.say(f"{RELEASE} on the branch already has this release")
            self.await_release(tip, document)
            return
        text = release_file.dumped(document)
        self.commit({RELEASE: text}, f"Release {release_file.title(document)}\n", document)

    def rollback(self) -> None:
        """Release what was released before the last release."""
        commit, text = release_file.reverted(self.remote)
        subject = self.remote.git.text("log", "-1", "--format=%s", commit)
        message = f'Revert "{subject}"\n\nThis reverts commit {commit}.\n'
        self.commit({RELEASE: text}, message, release_file.parsed(text))

    def commit(self, files: dict[str, str], message: str, document: Document) -> None:
        """Commit the release, print the commit, and wait until it is served."""
        self.require_following()
        commit = self.remote.change(files, message)
        self.progress.say(f"committed {commit[:8]}, {message.splitlines()[0]}:\n{self.remote.diff(commit)}")
        self.await_release(commit, document)

    def await_release(self, commit: str, document: Document) -> None:
        """Return when the host serves a release; raises CommandError with the reason why it does not."""
        before = self.serving()
        with self.progress.step(f"waiting for the host to release {release_file.title(document)}"):
            try:
                # The host polls every ten seconds anyway, but nobody has to wait for that.
                self.host.poll_now()
                until_applied(self.host, commit, self.progress, self.remote.tip)
            except Failed as failed:
                raise CommandError(f"{failed}\nslipway: {self.outcome(before)}") from failed
        with self.progress.step(f"checking {self.url}/version"):
            self.progress.result(self.await_served(commit, document))

    def require_following(self) -> None:
        """Raise CommandError where the host refuses its branch: it would not apply another commit either."""
        status, _ = self.host.agent_status()
        if reason := refusal(status):
            raise CommandError(
                f"nothing was committed, because the host does not follow its branch: {reason}."
                " Run `make shell`, then `slipway-pull status` for details, or `slipway-pull adopt` if the branch was"
                " rewritten on purpose"
            )

    def outcome(self, before: str) -> str:
        """Return what is served after a failed release, and what to do."""
        now = self.serving()
        if now == before == NOTHING:
            return "nothing is being served yet. The host keeps trying this release until `make release` replaces it"
        serves = f"{now} keeps serving" if now == before else f"{now} is being served; before, it was {before}"
        return f"{serves}. The host keeps trying the new release until `make rollback` reverts the commit"

    def serving(self) -> str:
        """Return the models that are being served, with their versions."""
        try:
            status, version = gateway.ask(self.checkout, f"{self.url}/version")
        except OSError:
            return NOTHING
        if status != 200:
            return NOTHING
        return gateway.models(version)

    def await_served(self, commit: str, document: Document) -> str:
        """Return what is being served once it is the commit's release; raises CommandError where it never is."""
        wanted = sorted((name, model["sha256"]) for name, model in document["models"].items())
        deadline = time.monotonic() + SERVES_WITHIN_SECONDS
        while True:
            status, version = gateway.await_answer(self.checkout, f"{self.url}/version", SERVES_WITHIN_SECONDS)
            if status == 200 and served(version) == wanted and version["image"] == document["image"]:
                return f"{self.serving()} is being served"
            if self.remote.tip() != commit:
                raise Superseded(f"commit {self.remote.tip()[:8]} replaced {commit[:8]} after the host had applied it")
            if time.monotonic() > deadline:
                raise CommandError(
                    f"the host has applied the commit, but {self.url}/version answers {status}: {version}"
                )
            time.sleep(0.1)

    def _registered(self, uri: str, name: str, number: str) -> Pin:
        """Pin a model of MLflow's registry, after a comparison of the registry's digest with the manifest."""
        tracking = Tracking(self.checkout, self.state)
        tag = tracking.version(name, number)["tags"].get("manifest_sha256", "")
        with tempfile.TemporaryDirectory(dir=self.checkout.folder) as folder:
            manifest = tracking.download(f"{uri}/{release_file.MANIFEST}", Path(folder))
            found = release_file.folder_sha256(manifest.parent)
        if tag and tag != found:
            raise CommandError(
                f"{uri}: MLflow's tag manifest_sha256 and the bundle's {release_file.MANIFEST} disagree:"
                f" the tag says {tag}, the file's sha256 is {found}. One of them was changed after training"
            )
        return Pin(name, uri, found)

    def _folder(self, folder: Path) -> Pin:
        """Pin a bundle of this computer: copy it to the host, and name it by a file:// address there."""
        sha256 = release_file.folder_sha256(folder)
        target = INCOMING / sha256
        self.host.copy(folder, target)
        document = release_file.read(self.remote, self.remote.tip())
        names = [folder.parent.name] if folder.parent.name in document.get("models", {}) else []
        name = [*names, document.get("default_model"), folder.parent.name]
        return Pin(next(filter(None, name)), target.as_uri(), sha256)


def served(version: Any) -> list[tuple[str, str]]:
    """Return name and digest of each model in an answer of /version."""
    return sorted((model["name"], model["sha256"]) for model in version["models"])


def example(host: Host, sha256: str) -> str:
    """Return the body of a request: a golden row of the model without missing values."""
    golden = json.loads(host.read(DATA / "models" / sha256 / "golden.json") or "{}")
    row = next(row for row in golden["rows"] if None not in row)
    return json.dumps({"features": [row]})
