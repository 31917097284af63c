"""The role `secrets`: only its consumer can read a secret, and secrets never change by themselves."""

import shlex
from collections.abc import Callable

import pytest
from testinfra.host import Host

UNITS = ("systemd-tmpfiles-setup",)
STORE, FOLDER = "/var/lib/slipway/secrets", "/run/slipway/secrets"
NAMES = ("mlflow/admin_password", "mlflow/flask_secret_key")
CONSUMER = 10001
Converge = Callable[..., tuple[int, str]]


def digests(host: Host, folder: str = FOLDER) -> str:
    paths = " ".join(f"{folder}/{name}" for name in NAMES)
    return str(host.check_output(f"sha256sum {paths} | cut -d' ' -f1"))


@pytest.mark.parametrize("name", NAMES)
def test_only_the_consumer_reads_it(host: Host, name: str) -> None:
    rendered, kept = host.file(f"{FOLDER}/{name}"), host.file(f"{STORE}/{name}")
    assert (rendered.uid, rendered.mode) == (CONSUMER, 0o400)
    assert (kept.uid, kept.mode) == (0, 0o600)
    for user, reads in ((CONSUMER, True), (10002, False)):
        command = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "cat", f"{FOLDER}/{name}"]
        assert host.run(f"{shlex.join(command)} >/dev/null").succeeded == reads


def test_they_are_in_memory(host: Host) -> None:
    assert host.check_output("stat --file-system --format=%T /run/slipway/secrets") == "tmpfs"


def test_they_are_long_and_differ(host: Host) -> None:
    sizes = [int(size) for size in host.check_output(f"stat --format=%s {FOLDER}/mlflow/*").split()]
    assert min(sizes) >= 32
    assert len(set(digests(host).split())) == len(NAMES)


def test_nothing_names_their_values(host: Host) -> None:
    places = "/etc /var/log /tmp /root /var/lib/systemd"
    for name in NAMES:
        # The pattern is in a file: an argument would itself be in the list of processes.
        found = host.run(f"grep -rlF --file={FOLDER}/{name} {places}; journalctl | grep -cF --file={FOLDER}/{name}")
        assert found.stdout.strip() == "0"


def test_a_boot_brings_them_back_before_services_start(host: Host, reboot: Callable[[], None]) -> None:
    before = digests(host)
    reboot()
    assert digests(host) == before
    # Every service starts after sysinit.target by default.
    assert "sysinit.target" in host.check_output("systemctl show --property=Before systemd-tmpfiles-setup")


def test_a_lost_folder_comes_back_with_the_same_ones(host: Host, converge: Converge) -> None:
    before = digests(host)
    host.check_output("rm -r /run/slipway")
    assert "changed=1 " in converge()[1]
    assert digests(host) == before == digests(host, STORE)


def test_a_missing_one_is_made_again_and_the_other_stays(host: Host, converge: Converge) -> None:
    password, key = digests(host).split()
    host.check_output(f"rm {STORE}/{NAMES[0]}")
    _, output = converge()
    again = digests(host).split()
    assert again[0] != password
    assert again[1] == key
    assert host.check_output(f"cat {STORE}/{NAMES[0]}") not in output


def test_a_loosened_mode_is_mended_without_a_new_value(host: Host, converge: Converge) -> None:
    before = digests(host)
    host.check_output(f"chmod 0644 {FOLDER}/{NAMES[0]} {STORE}/{NAMES[1]}")
    converge()
    assert digests(host) == before
    assert host.file(f"{FOLDER}/{NAMES[0]}").mode == 0o400
    assert host.file(f"{STORE}/{NAMES[1]}").mode == 0o600
