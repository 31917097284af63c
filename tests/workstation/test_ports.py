"""Ports are the same each time, and others only where somebody has taken them."""

import socket

import pytest

from workstation import ports
from workstation.errors import CommandError


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
    with pytest.raises(CommandError, match="end a program that listens"):
        ports.choose(20000)
