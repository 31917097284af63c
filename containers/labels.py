"""The labels by which we find again what we made in the engine."""

import os

from workstation.paths import identity

# What the tests of this checkout make; clean-up removes that and nothing else.
TESTS = f"slipway.tests={identity()}"
VARIABLE = "MACHINE_LABEL"


def label() -> str:
    """Return the label of all that this process makes: the checkout's, or the one that tests set."""
    return os.environ.get(VARIABLE) or f"slipway.checkout={identity()}"
