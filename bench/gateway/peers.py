"""nginx and the former Caddy, which run on the host while they are measured.

They run on the host so that they come from Debian 13 and use its OpenSSL, as our gateway does. Their packages are
unpacked into a folder and not installed: this changes neither the host's services nor its list of packages.
"""

import contextlib
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from bench.gateway import processes, targets
from bench.gateway.targets import Target
from rehearsal.host import Host
from workstation.errors import CommandError

CONFIGS = Path(__file__).parents[1] / "peers"
# Not below /run: programs may not be started there.
FOLDER = Path("/var/tmp/slipway-bench")  # noqa: S108  # only root writes on the host
PORTS = {targets.NGINX: 20443, targets.CADDY: 20444}
PROGRAMS = {
    targets.NGINX: ("nginx", "nginx.conf", "{folder}/files/usr/sbin/nginx -p {folder} -c {config}"),
    targets.CADDY: ("caddy", "Caddyfile", "{folder}/files/usr/bin/caddy run --adapter caddyfile --config {config}"),
}
# apt's lists lie in the folder too: a host has none.
UNPACK = """
set -e
folder=$1; shift
mkdir -p "$folder/lists/partial" "$folder/files" && cd "$folder"
apt-get -qq -o Dir::State::lists="$folder/lists" update
apt-get -qq -o Dir::State::lists="$folder/lists" -o APT::Sandbox::User=root download "$@"
for package in *.deb; do dpkg-deb --extract "$package" files; done
"""
STARTS_WITHIN_SECONDS = 15
# A run that was killed leaves its units and its folder; the next one removes them first.
REMOVE = 'systemctl stop "slipway-bench-*.service"; rm -rf "$1"'
# systemd stops them if the benchmark was killed.
UNITS = ("--quiet", "--collect", "--property=RuntimeMaxSec=2h", "--property=LimitNOFILE=65536")


@contextlib.contextmanager
def running(host: Host, socket: str, names: list[str], folder: Path) -> Iterator[list[Target]]:
    """Run these peers in front of the API's socket; `folder`, on this machine, gets their certificate."""
    remove(host)
    try:
        certificate = make_certificate(folder)
        host.run("sh", "-c", UNPACK, "sh", str(FOLDER), *(PROGRAMS[name][0] for name in names))
        for file in (certificate, certificate.with_suffix(".key")):
            _write(host, FOLDER / file.name, file.read_text())
        for name in names:
            _start(host, name, socket)
            _await_listening(host, name)
        yield [targets.gateway(name, PORTS[name], certificate) for name in names]
    finally:
        remove(host)


def remove(host: Host) -> None:
    """Remove the peers from the host."""
    host.run("sh", "-c", REMOVE, "sh", str(FOLDER))


def config(name: str, folder: Path, socket: str) -> str:
    """Return a peer's configuration with its folder, its port and the API's socket filled in."""
    words = {"@FOLDER@": str(folder), "@PORT@": str(PORTS[name]), "@SOCKET@": socket}
    text = (CONFIGS / PROGRAMS[name][1]).read_text()
    for word, value in words.items():
        text = text.replace(word, value)
    return text


def make_certificate(folder: Path) -> Path:
    """Make a key and a certificate for the name that is asked; return the certificate's path.

    The key is of the same kind as our gateway's: the kind decides what a handshake costs.
    """
    made = folder / "server.crt"
    names = f"subjectAltName=DNS:{targets.NAME},IP:127.0.0.1"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "7", "-subj", f"/CN={targets.NAME}", "-addext", names]
    command += ["-keyout", str(made.with_suffix(".key")), "-out", str(made)]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603  # our own command, no shell
    return made


def _start(host: Host, name: str, socket: str) -> None:
    file = FOLDER / PROGRAMS[name][1]
    _write(host, file, config(name, FOLDER, socket))
    command = PROGRAMS[name][2].format(folder=FOLDER, config=file).split()
    home = f"--setenv=XDG_DATA_HOME={FOLDER}/data"
    host.run("systemd-run", f"--unit=slipway-bench-{name}", *UNITS, home, *command)


def _await_listening(host: Host, name: str) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(LookupError):
            processes.listening(PORTS[name])
            return
        time.sleep(0.1)
    log = host.run("journalctl", f"--unit=slipway-bench-{name}", "--lines=10", "--output=cat")
    raise CommandError(f"{name} did not listen on port {PORTS[name]} within {STARTS_WITHIN_SECONDS} s: {log}")


def _write(host: Host, path: Path, text: str) -> None:
    host.run("sh", "-c", 'umask 077; cat >"$1"', "sh", str(path), stdin=text.encode())
