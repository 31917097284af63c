"""rehearsal/state.py"""

import pytest

from rehearsal import state
from rehearsal.checkout import Checkout
from workstation.errors import CommandError


def test_what_is_kept_is_what_is_read(checkout: Checkout) -> None:
    assert state.read(checkout) == state.State()
    kept = state.State(https=20001, pushed={"a": "b"})
    state.save(checkout, kept)
    assert state.read(checkout) == kept
    assert checkout.state.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["{", '{"nobody": 1}', "[]"])
def test_a_damaged_state_is_an_error_with_what_to_do(checkout: Checkout, text: str) -> None:
    checkout.state.write_text(text)
    with pytest.raises(CommandError, match="run `make down`, then `make up`"):
        state.read(checkout)
