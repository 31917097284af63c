"""The model that the rehearsal's host serves, as the bundle that was made of it here."""

from pathlib import Path

from rehearsal import gateway
from rehearsal.checkout import Checkout
from workstation.errors import CommandError


def serving(checkout: Checkout, url: str) -> tuple[str, Path]:
    """Return the version that `url` serves and its bundle; raises CommandError if it was not trained here."""
    _, about = gateway.require(checkout, f"{url}/version")
    name, version = (about["models"][0][key] for key in ("name", "version"))
    folder = checkout.training / "models" / name / version
    if not folder.is_dir():
        raise CommandError(
            f"{name} {version} is being served, but {folder} does not exist: wanted a model trained here"
        )
    return version, folder
