"""Ports are the same each time, and others only where somebody has taken them."""

import socket

import pytest

from rehearsal import ports
from rehearsal.errors import Trouble
from rehearsal.place import LOWEST_PORT, PORTS, Place


def test_a_taken_port_gets_the_next_free_one() -> None:
    with socket.socket() as other:
        other.bind((ports.HOST, 0))
        other.listen()
        taken = other.getsockname()[1]
        assert not ports.is_free(taken)
        assert ports.choose(taken) > taken
    assert ports.choose(taken, {taken}) > taken


def test_where_all_are_taken_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "is_free", lambda _port: False)
    with pytest.raises(Trouble, match="end what listens there"):
        ports.choose(20000)


def test_each_checkout_begins_elsewhere_and_below_outgoing_connections() -> None:
    first = [Place(identity=identity).first_port() for identity in ("00000000", "0123abcd", "ffffffff")]
    assert len(set(first)) == 3
    assert all(LOWEST_PORT <= port < LOWEST_PORT + PORTS + ports.LOOKS_AT <= 32768 for port in first)
