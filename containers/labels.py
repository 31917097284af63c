"""Labels: how we find what we created in the engine."""

import os

from workstation.paths import identity

# The label of everything that this checkout's tests create.
TESTS = f"slipway.tests={identity()}"
VARIABLE = "MACHINE_LABEL"


def label() -> str:
    """Return the label of everything that this process creates: the checkout's, or the one that tests set."""
    return os.environ.get(VARIABLE) or f"slipway.checkout={identity()}"
