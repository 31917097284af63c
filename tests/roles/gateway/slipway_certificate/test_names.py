"""roles/gateway/files/slipway_certificate/names.py"""

import json
import subprocess

import pytest

from roles.gateway.files.slipway_certificate import names

# What `ip -json -details address` prints, in short: a network card, and the bridge of Docker.
INTERFACES = [
    {
        "ifname": "eth0",
        "linkinfo": {"info_kind": "veth"},
        "addr_info": [
            {"local": "192.0.2.7"},
            {"local": "2001:db8::7"},
            {"local": "2001:db8::1234", "temporary": True},
        ],
    },
    {"ifname": "docker0", "linkinfo": {"info_kind": "bridge"}, "addr_info": [{"local": "172.17.0.1"}]},
    {},
]


def test_a_host_is_reached_at_the_lasting_addresses_of_its_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    done = subprocess.CompletedProcess([], 0, json.dumps(INTERFACES))
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
    assert names.own_addresses() == ["192.0.2.7", "2001:db8::7"]


def test_with_a_domain_the_certificate_is_for_it_and_for_the_host_itself() -> None:
    assert names.wanted("x.example.com") == ("x.example.com", "localhost", "127.0.0.1", "::1")
    assert names.wanted("localhost") == ("localhost", "127.0.0.1", "::1")


def test_a_name_is_covered_by_itself_or_by_a_wildcard_for_one_label() -> None:
    assert names.covers(("x.example.com",), "x.example.com")
    assert names.covers(("*.example.com",), "x.example.com")
    assert not names.covers(("*.example.com",), "a.x.example.com")
    assert not names.covers(("*.example.com",), "example.com")
