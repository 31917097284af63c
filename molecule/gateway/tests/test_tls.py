"""The role `gateway`: TLS and the certificate, as a client and as an attacker see them."""

import json
import re
from collections.abc import Callable

import pytest
from testinfra.host import Host

UNITS = ("haproxy", "slipway-certificate")
Converge = Callable[..., tuple[int, str]]
CA = "/var/lib/slipway/gateway/ca.crt"
REPORT = "/var/lib/slipway/gateway/certificate.json"
CONNECT = f"openssl s_client -connect localhost:443 -CAfile {CA} -verify_return_error"
# With the security level 0, OpenSSL offers whatever it was built with.
WEAK = "DEFAULT:ALL:@SECLEVEL=0"


def handshake(host: Host, *options: str) -> str:
    """Return what openssl says about a connection; fails if there is none."""
    said: str = host.check_output(f"{CONNECT} -servername localhost {' '.join(options)} </dev/null 2>&1")
    return said


def offers(host: Host, *options: str) -> bool:
    """Whether the gateway agrees to this."""
    done = host.run(f"openssl s_client -connect localhost:443 {' '.join(options)} </dev/null 2>&1")
    return re.search(r"^(New, TLS|    Cipher +: (?!0000))", done.stdout, re.MULTILINE) is not None and done.rc == 0


def test_the_two_newest_versions_are_offered_and_the_certificate_is_trusted(host: Host) -> None:
    for version in ("-tls1_3", "-tls1_2"):
        assert "Verify return code: 0 (ok)" in handshake(host, version)


@pytest.mark.parametrize("version", ["-tls1_1", "-tls1"])
def test_no_older_version_is_offered(host: Host, version: str) -> None:
    assert offers(host, "-tls1_2", "-cipher", WEAK)
    assert not offers(host, version, "-cipher", WEAK)


def test_only_ciphers_with_forward_secrecy_and_authentication_are_offered(host: Host) -> None:
    known = host.check_output("openssl ciphers -stdname -s -tls1_2 'ALL:@SECLEVEL=0'").splitlines()
    names = [line.split()[2] for line in known]
    good = {name for name in names if re.fullmatch(r"ECDHE-ECDSA-(AES(128|256)-GCM-SHA\d+|CHACHA20-POLY1305)", name)}
    assert len(good) == 3
    assert len(names) > 30
    script = "\n".join(
        f"openssl s_client -connect localhost:443 -tls1_2 -cipher {name}:@SECLEVEL=0 </dev/null"
        f" >/dev/null 2>&1 && echo {name}"
        for name in names
    )
    assert set(host.run(script).stdout.split()) == good


def test_a_weak_group_is_refused(host: Host) -> None:
    assert offers(host, "-tls1_3", "-groups", "X25519")
    for group in ("secp192r1", "secp224r1"):
        assert not offers(host, "-tls1_2", "-groups", group, "-cipher", WEAK)


@pytest.mark.parametrize("version", ["-tls1_3", "-tls1_2"])
def test_a_session_is_resumed(host: Host, version: str) -> None:
    # TLS 1.3 sends its tickets after the handshake: wait for an answer.
    request = r"printf 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'"
    connect = f"openssl s_client -connect localhost:443 -servername localhost {version} -ign_eof"
    host.check_output(f"{request} | {connect} -sess_out /tmp/session >/dev/null 2>&1")
    assert "Reused, TLS" in host.check_output(f"{request} | {connect} -sess_in /tmp/session 2>&1")


def test_nothing_is_compressed_or_renegotiated(host: Host) -> None:
    said = handshake(host, "-tls1_2")
    assert "Compression: NONE" in said
    assert "Secure Renegotiation IS supported" in said
    done = host.run(f"printf 'R\\n' | timeout 5 {CONNECT} -servername localhost -tls1_2 2>&1")
    assert "RENEGOTIATING" in done.stdout
    assert "no renegotiation" in done.stdout.lower() or done.rc != 0


@pytest.mark.parametrize("name", ["-noservername", "-servername other.example"])
def test_a_client_without_a_name_or_with_another_gets_the_default_certificate(host: Host, name: str) -> None:
    said = host.check_output(f"{CONNECT} {name} </dev/null 2>&1")
    assert "Verify return code: 0 (ok)" in said
    assert "CN=localhost" in said.replace(" ", "")


def test_http_2_is_preferred(host: Host) -> None:
    assert "ALPN protocol: h2" in handshake(host, "-alpn h2,http/1.1")


def test_the_report_and_the_metrics_are_there(host: Host) -> None:
    report = json.loads(host.file(REPORT).content_string)
    assert (report["source"], report["problem"]) == ("local", "")
    metrics = host.file("/var/lib/slipway/metrics/certificate.prom").content_string
    assert f"slipway_certificate_expiry_timestamp_seconds {report['not_after']}\n" in metrics


def test_the_timer_runs_and_its_service_works(host: Host) -> None:
    timer = host.service("slipway-certificate.timer")
    assert timer.is_running
    assert timer.is_enabled
    host.check_output("systemctl start slipway-certificate.service")
    assert host.run("systemd-analyze security --threshold=25 slipway-certificate.service").rc == 0


SERIAL = f"{CONNECT} </dev/null 2>/dev/null | openssl x509 -noout -serial"
WORKER = "pgrep --parent $(systemctl show --property=MainPID --value haproxy)"


def test_a_lost_certificate_is_made_again_and_served_without_a_reload(host: Host) -> None:
    before, worker = host.check_output(SERIAL), host.check_output(WORKER)
    host.check_output("rm /var/lib/slipway/gateway/certificates/default.pem")
    host.check_output("systemctl start slipway-certificate.service")
    assert host.check_output(SERIAL) != before
    assert host.check_output(WORKER) == worker


# From here on each test converges the machine to another source of the certificate, and the last one back to the first.
def test_a_host_without_a_domain_answers_on_its_addresses(host: Host, converge: Converge) -> None:
    code, message = converge(domain="")
    assert code == 0, message
    address = host.check_output("hostname -I").split()[0]
    for option in (f"--cacert {CA}", "-k"):
        answer = host.check_output(f"curl -sS -i {option} https://{address}/predict")
        assert answer.startswith("HTTP/2 503")
    redirect = host.check_output(f"curl -sS -i http://{address}/docs")
    assert f"location: https://{address}/docs" in redirect.lower()


def served(host: Host) -> str:
    """Return the name of the certificate that a new connection gets."""
    name: str = host.check_output(
        "openssl s_client -connect localhost:443 </dev/null 2>/dev/null"
        " | openssl x509 -noout -subject -nameopt multiline,-esc_msb"
    )
    return name.rpartition("= ")[2].strip()


def test_files_of_a_person_are_served(host: Host, converge: Converge) -> None:
    make = "openssl req -x509 -newkey rsa:2048 -nodes -days 90 -subj /CN=own -addext subjectAltName=DNS:localhost"
    host.check_output("install -d -m 0700 /etc/slipway/tls")
    host.check_output(f"{make} -keyout /etc/slipway/tls/key.pem -out /etc/slipway/tls/certificate.pem 2>/dev/null")
    code, message = converge(tls="files")
    assert code == 0, message
    assert served(host) == "own"
    headers = host.check_output("curl -sS -i -k https://localhost/predict")
    assert "strict-transport-security: max-age=31536000" in headers
    host.check_output("openssl genpkey -algorithm RSA -out /etc/slipway/tls/key.pem 2>/dev/null")
    done = host.run("slipway-certificate")
    assert done.rc == 1
    assert "/etc/slipway/tls: the key does not belong to the certificate" in done.stderr
    assert served(host) == "own"
    host.check_output("rm /etc/slipway/tls/*.pem")


def test_behind_a_load_balancer_only_its_addresses_may_connect(host: Host, converge: Converge) -> None:
    code, message = converge(tls="upstream", tls_upstream_addresses=["127.0.0.5"], tls_upstream_proxy_protocol=False)
    assert code == 0, message
    assert not host.file(REPORT).exists
    assert not host.service("slipway-certificate.timer").is_running
    ask = "curl -sS -i --max-time 5 -H 'X-Forwarded-Proto: https' http://127.0.0.1/predict"
    assert host.run(f"{ask} --interface 127.0.0.9").rc != 0
    answer = host.check_output(f"{ask} --interface 127.0.0.5")
    assert answer.startswith("HTTP/1.1 503")
    assert "strict-transport-security" in answer
    assert host.run("curl -sS -k --max-time 5 https://127.0.0.1/").rc == 7


def test_back_to_the_hosts_own_authority_clients_still_trust_it(host: Host, converge: Converge) -> None:
    code, message = converge()
    assert code == 0, message
    assert "Verify return code: 0 (ok)" in handshake(host)
    assert host.service("slipway-certificate.timer").is_running
