"""What one command leaves for the next."""

import pytest

from rehearsal import state
from rehearsal.errors import Trouble
from rehearsal.place import Place


def test_what_is_kept_is_what_is_read(place: Place) -> None:
    assert state.read(place) == state.State()
    kept = state.State(https=20001, pushed={"a": "b"})
    state.keep(place, kept)
    assert state.read(place) == kept
    assert place.state.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["{", '{"nobody": 1}', "[]"])
def test_a_damaged_one_is_said_with_what_to_do(place: Place, text: str) -> None:
    place.state.write_text(text)
    with pytest.raises(Trouble, match="`make down` and `make up` begin anew"):
        state.read(place)
