from pathlib import Path

import pytest

from bench import trained
from rehearsal import gateway
from rehearsal.checkout import Checkout
from workstation.errors import CommandError


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """A checkout whose host serves version 7 of `house`."""
    answer = (200, {"models": [{"name": "house", "version": "7"}]})
    monkeypatch.setattr(gateway, "require", lambda checkout, url: answer)
    return Checkout(tmp_path)


def test_the_served_version_is_found_with_its_bundle(checkout: Checkout) -> None:
    folder = checkout.training / "models" / "house" / "7"
    folder.mkdir(parents=True)
    assert trained.serving(checkout, "https://localhost") == ("7", folder)


def test_a_model_that_was_trained_elsewhere_is_an_error_that_names_it(checkout: Checkout) -> None:
    with pytest.raises(CommandError, match="house 7 is being served"):
        trained.serving(checkout, "https://localhost")
