"""The ACME client is told what it needs, and its reasons are passed on. test_pebble.py has a real authority."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from roles.gateway.files.slipway_certificate import acme, names
from roles.gateway.files.slipway_certificate.errors import CertificateError
from roles.gateway.files.slipway_certificate.settings import Paths, Settings
from tests.roles.gateway.slipway_certificate.conftest import DIRECTORY, DOMAIN
from tests.roles.gateway.slipway_certificate.fake_haproxy import Runtime, running

SETTINGS = Settings("acme", DOMAIN, DIRECTORY, "ops@example.com")
REFUSED = """uacme: the server reported the following error:
{
    "type": "urn:ietf:params:acme:error:rateLimited",
    "detail": "too many \\"certificates\\" already issued",
    "status": 429
}
uacme: failed to create order
"""
AWAY = """uacme: curl_get: GET https://acme.example.com/dir failed: Could not connect to server
uacme: curl_get: waiting 5 seconds before retrying
uacme: failed to fetch directory
"""


def client(folder: Path, monkeypatch: pytest.MonkeyPatch, message: str) -> Path:
    """A client that fails with a message, and writes its commands to a file."""
    program = folder / "uacme"
    (folder / "message").write_text(message)
    program.write_text(f'#!/bin/sh\necho "$@" >>{folder}/commands\ncat {folder}/message >&2\nexit 2\n')
    program.chmod(0o755)
    monkeypatch.setattr(acme, "CLIENT", str(program))
    return folder / "commands"


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (REFUSED, 'too many "certificates" already issued'),
        (
            AWAY,
            "failed to fetch directory (curl_get: GET https://acme.example.com/dir failed:"
            " Could not connect to server)",
        ),
        ("uacme: one line\n", "one line"),
    ],
    ids=["refused", "away", "one line"],
)
def test_a_failure_says_why(
    paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, message: str, reason: str
) -> None:
    commands = client(tmp_path, monkeypatch, message)
    acme.prepare(paths)
    with pytest.raises(CertificateError) as caught:
        acme.order(SETTINGS, paths)
    assert str(caught.value) == f"{DIRECTORY} gave no certificate for {DOMAIN}: {reason}"
    account, order = commands.read_text().splitlines()
    assert account.endswith(f"--acme-url {DIRECTORY} --yes --hook {acme.HOOK} new ops@example.com")
    assert order.endswith(f"issue {paths.acme}/request.csr")


def test_a_client_that_is_missing_is_named(paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acme, "CLIENT", str(tmp_path / "missing"))
    acme.prepare(paths)
    with pytest.raises(CertificateError, match=r"/missing cannot be run: No such file or directory"):
        acme.order(SETTINGS, paths)


def test_the_accounts_key_is_made_once_and_haproxy_learns_its_thumbprint(paths: Paths) -> None:
    paths.private.mkdir(parents=True)
    with running(paths.socket, Runtime()) as haproxy:
        acme.prepare(paths)
        first = paths.thumbprints.read_text()
        acme.prepare(paths)
        assert paths.thumbprints.read_text() == first
        assert haproxy.commands == [f"set map {paths.thumbprints} {first}"]


def test_the_thumbprint_is_the_one_of_rfc_7638() -> None:
    # The key with the private number 1: its public point is the curve's base point, the expected value is OpenSSL's.
    assert acme.thumbprint(ec.derive_private_key(1, ec.SECP256R1())) == "xx0BcA-wMohw8atYDJOe6peGModklG2wRHBlXHMvl0M"


def test_a_name_is_covered_by_itself_or_by_a_wildcard_for_one_label() -> None:
    assert names.covers(("x.example.com",), "x.example.com")
    assert names.covers(("*.example.com",), "x.example.com")
    assert not names.covers(("*.example.com",), "a.x.example.com")
    assert not names.covers(("*.example.com",), "example.com")
