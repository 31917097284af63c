"""The configuration of the roles gateway and api in a real HAProxy in a container, with all its files in one folder."""

import contextlib
import hashlib
import http.client
import json
import os
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import yaml

from containers import images
from containers.docker import docker
from containers.labels import TESTS
from plugins.module_utils.slipway import haproxy
from tests.plugins.engine import unique
from workstation.paths import ROOT

START_SECONDS = 30
# Of the metrics.
TOKEN = "token-of-the-metrics"
ROLES = ROOT / "roles"
# The file of each template.
CONFIGURATION = {
    "gateway/templates/errors.map.j2": "errors.map",
    "gateway/templates/routes.map.j2": "routes.map",
    "gateway/templates/gateway.cfg.j2": "00-gateway.cfg",
    "api/templates/api.cfg.j2": "api.cfg",
}


class Gateway:
    """HAProxy with its files in a folder, which has the same name inside of the container."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.configuration = folder / "haproxy"
        # The servers of the API are in here.
        self.chroot = folder / "api"
        self.runtime = haproxy.Process(str(folder / "admin.sock"))
        self.master = str(folder / "master.sock")
        self.clients = str(folder / "clients.map")
        self.shares = str(folder / "shares.map")
        self.name = unique("gateway")

    def variables(self, **settings: Any) -> dict[str, Any]:
        """Return what the templates get from environments/ and from the roles, with this folder's paths."""
        found: dict[str, Any] = yaml.safe_load((ROOT / "environments" / "base.yml").read_text())
        for role in ("gateway", "api"):
            found |= yaml.safe_load((ROLES / role / "vars" / "main.yml").read_text())
        found |= {"tls": "upstream", "tls_upstream_addresses": ["127.0.0.1"], "release": {"image": "any"}}
        found |= {"_gateway_folder": str(self.configuration), "_api_gateway_folder": str(self.configuration)}
        found |= {"_gateway_chroot": str(self.chroot), "_api_folder": str(self.chroot)}
        found |= {"_gateway_admin": self.runtime.socket}
        found |= {"_gateway_socket": str(self.folder / "plain.sock"), "_api_clients_map": self.clients}
        found |= {"_api_shares_map": self.shares}
        return found | settings

    def configure(self, **settings: Any) -> None:
        """Write the configuration, with other values for some settings."""
        self.configuration.mkdir(exist_ok=True)
        shutil.copy(ROLES / "api" / "files" / "wait_for_api.lua", self.configuration)
        (self.configuration / "metrics.sha256").write_text(f"{hashlib.sha256(TOKEN.encode()).hexdigest()}\n")
        variables = self.variables(**settings)
        for source, name in CONFIGURATION.items():
            (self.configuration / name).write_text(render(source, variables))

    def start(self) -> None:
        """Start it, and wait until it answers. Fails with its output if it does not."""
        mount = f"type=bind,source={self.folder},target={self.folder}"
        options = ["--detach", "--init", "--network=none", f"--name={self.name}", f"--label={TESTS}", "--mount", mount]
        command = ["haproxy", "-W", "-S", self.master, "-f", str(self.configuration)]
        docker("run", *options, images.tag_of("host"), *command)
        self._until(self._answers)

    def _until(self, holds: Any) -> None:
        until = time.monotonic() + START_SECONDS
        while not holds():
            assert time.monotonic() < until, docker("logs", self.name)
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            return self._pid() != ""
        except haproxy.NotRunningError:
            return False

    def _pid(self) -> str:
        lines = self.runtime.ask("show info").splitlines()
        return next(line for line in lines if line.startswith("Pid:"))

    def reload(self) -> None:
        """Reload the configuration, and wait until the new process answers."""
        before = self._pid()
        docker("kill", "--signal=USR2", self.name)
        self._until(lambda: self._pid() != before)

    def log(self) -> str:
        """Return what it has logged."""
        return docker("logs", self.name)

    def connection(self) -> "UnixConnection":
        """Return a new connection to the public frontend."""
        return UnixConnection(str(self.folder / "plain.sock"))

    def stop(self) -> None:
        docker("rm", "--force", self.name)


class UnixConnection(http.client.HTTPConnection):
    """A connection for HTTP over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=30)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def render(source: str, variables: dict[str, Any]) -> str:
    """Render a template as Ansible does, whose variables may be templates themselves."""
    folders = [ROLES / role / "templates" for role in ("gateway", "api")]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([ROLES, *folders]),
        trim_blocks=True,
        undefined=jinja2.StrictUndefined,
        # The last line of an included template ends without a newline, too.
        keep_trailing_newline=False,
        autoescape=False,  # noqa: S701  # what it makes is no HTML
    )
    environment.filters["to_json"] = json.dumps
    environment.tests["exists"] = os.path.exists

    def rendered(value: Any) -> Any:
        if isinstance(value, str) and "{{" in value:
            return rendered(environment.from_string(value).render(context))
        if isinstance(value, dict):
            return {key: rendered(inner) for key, inner in value.items()}
        return [rendered(inner) for inner in value] if isinstance(value, list) else value

    context = {"ansible_managed": "Ansible", **variables}
    # What is about the release alone needs more than HAProxy does.
    context |= {name: rendered(value) for name, value in variables.items() if name.startswith("_gateway_")}
    return environment.get_template(source).render(context) + "\n"


@contextlib.contextmanager
def running(folder: Path, **settings: Any) -> Iterator[Gateway]:
    """The gateway, with other values for some settings."""
    images.make("host")
    gateway = Gateway(folder)
    try:
        gateway.configure(**settings)
        gateway.start()
        yield gateway
    finally:
        gateway.stop()
