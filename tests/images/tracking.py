"""A container with the MLflow server of the image `mlops`, and requests to it."""

import base64
import contextlib
import json
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from containers.docker import docker
from containers.labels import TESTS as LABEL

READY_SECONDS = 60.0
PASSWORD = "correct-horse-battery"
SERVE = ("python", "-P", "-m", "images.mlops.serve")
FETCH = ("python", "-P", "-m", "images.mlops.fetch")
# As the roles run it.
HARDENED = (
    *("--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--memory=1g"),
    "--pids-limit=256",
)


class Tracking:
    """The server with a volume and a folder of secrets."""

    def __init__(self, image: str, volume: str, secrets: Path, password: str | None) -> None:
        self.image, self.password = image, password
        mounts = [f"--volume={volume}:/mlflow", f"--volume={secrets}:/run/secrets:ro"]
        options = [*HARDENED, *mounts, "--publish=127.0.0.1::5000", "--env=SLIPWAY_MLFLOW_HOSTS=ml.example.com"]
        self.name = docker("run", "--detach", "--label", LABEL, *options, image, *SERVE)

    @property
    def url(self) -> str:
        return f"http://{docker('port', self.name, '5000/tcp').splitlines()[0]}"

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        url = self.url
        while time.monotonic() < deadline:
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                urllib.request.urlopen(f"{url}/health", timeout=10).close()
                return
            assert docker("inspect", "--format", "{{.State.Running}}", self.name) == "true", self.log()
            time.sleep(0.05)
        raise AssertionError(self.log())

    def request(self, path: str, method: str, login: str, body: bytes | None, **headers: str) -> Any:
        given = dict(headers)
        if login:
            given["authorization"] = "Basic " + base64.b64encode(login.encode()).decode()
        request = urllib.request.Request(self.url + path, body, given, method=method)
        return urllib.request.urlopen(request, timeout=30)

    def status(self, path: str, method: str = "GET", login: str = "", **headers: str) -> int:
        """Return the status of the answer."""
        try:
            with self.request(path, method, login, b"{}" if method == "POST" else None, **headers) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def ask(self, path: str, body: object = None) -> Any:
        """Return the answer to a request of the administrator."""
        data = None if body is None else json.dumps(body).encode()
        method = "GET" if body is None else "POST"
        headers = {"content-type": "application/json"}
        with self.request(path, method, f"admin:{self.password}", data, **headers) as answer:
            return json.load(answer)

    def log(self) -> str:
        done = subprocess.run(["docker", "logs", self.name], check=True, capture_output=True, text=True)
        return done.stdout + done.stderr

    def ended(self) -> tuple[int, str]:
        """Wait until the server has ended by itself; return its exit code and its log."""
        return int(docker("wait", self.name)), self.log()

    def stop(self) -> int:
        docker("stop", "--time=30", self.name)
        return int(docker("inspect", "--format", "{{.State.ExitCode}}", self.name))
