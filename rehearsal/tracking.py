"""MLflow on the host: its login, its model registry, and training with it."""

import base64
import os
import shlex
import urllib.parse
from pathlib import Path
from typing import Any

from rehearsal import gateway
from rehearsal.checkout import Checkout
from rehearsal.host import DATA, Host
from rehearsal.progress import Progress
from rehearsal.state import State
from training import launch
from workstation.errors import CommandError
from workstation.files import replace

USER = "admin"
PASSWORD = DATA / "secrets" / "mlflow" / "admin_password"
API = "api/2.0/mlflow"


class Tracking:
    """The MLflow server, through the gateway."""

    def __init__(self, checkout: Checkout, state: State) -> None:
        """`log_in` has to come first, once in a rehearsal."""
        self.checkout = checkout
        self.url = f"{gateway.address(checkout, state)}/mlflow"

    def log_in(self, host: Host) -> None:
        """Write the login to a file that only this user can read."""
        password = host.read(PASSWORD)
        if not password:
            raise CommandError(f"MLflow has no password yet ({PASSWORD} on the host): see `make status`")
        variables = {
            "MLFLOW_TRACKING_URI": self.url,
            "MLFLOW_TRACKING_USERNAME": USER,
            "MLFLOW_TRACKING_PASSWORD": password.strip(),
            "MLFLOW_TRACKING_SERVER_CERT_PATH": str(self.checkout.ca),
        }
        comment = "# MLflow's login. Type `set -a; . FILE; set +a` in a shell, and `make train` uses this server.\n"
        lines = "".join(f"{key}={shlex.quote(value)}\n" for key, value in variables.items())
        replace(self.checkout.credentials, comment + lines)

    def variables(self) -> dict[str, str]:
        """Return the login as environment variables."""
        lines = shlex.split(self.checkout.credentials.read_text(encoding="utf-8"), comments=True)
        return dict(line.split("=", 1) for line in lines)

    def ask(self, path: str, **query: str) -> tuple[int, Any]:
        """Return status and body of an answer of MLflow's REST API."""
        login = self.variables()
        pair = f"{login['MLFLOW_TRACKING_USERNAME']}:{login['MLFLOW_TRACKING_PASSWORD']}"
        headers = {"authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
        url = f"{self.url}/{API}/{path}?{urllib.parse.urlencode(query)}"
        return gateway.require(self.checkout, url, None, headers)

    def newest(self, name: str) -> dict[str, Any] | None:
        """Return the newest registered version of a model, None where there is none."""
        status, found = self.ask("model-versions/search", filter=f"name='{name}'", max_results="1000")
        if status != 200:
            raise CommandError(f"MLflow answers {status} to a search for versions of {name}: {_message(found)}")
        versions: list[dict[str, Any]] = found.get("model_versions", [])
        return max(versions, key=lambda version: int(version["version"]), default=None)

    def version(self, name: str, number: str) -> dict[str, Any]:
        """Return what MLflow knows about a version, with its tags as a mapping."""
        status, found = self.ask("model-versions/get", name=name, version=number)
        if status != 200:
            raise CommandError(f"models:/{name}/{number}: MLflow answers {status}: {_message(found)}")
        version: dict[str, Any] = found["model_version"]
        return version | {"tags": {tag["key"]: tag["value"] for tag in version.get("tags", [])}}

    def download(self, uri: str, folder: Path) -> Path:
        """Download a file from MLflow into the folder and return its path."""
        os.environ |= {**self.variables(), "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false"}
        import mlflow.artifacts  # takes seconds
        from mlflow.exceptions import MlflowException

        try:
            return Path(mlflow.artifacts.download_artifacts(uri, dst_path=str(folder)))
        except MlflowException as error:
            raise CommandError(f"{uri}: {error.message}") from error

    def train(self, progress: Progress, *settings: str) -> dict[str, Any]:
        """Run a training with the host's MLflow, and return its result."""
        log = self.checkout.folder / "training.log"
        with log.open("w", encoding="utf-8") as file:

            def report(line: str) -> None:
                file.write(f"{line}\n")
                progress.news(f"training: {line.strip()}")

            try:
                mine = ("allow_generated=true", f"output={self.checkout.training}")
                return launch.run(*mine, *settings, variables=self.variables(), report=report)
            except launch.LaunchError as error:
                file.flush()
                last = log.read_text(encoding="utf-8").strip().splitlines()[-1:]
                raise CommandError(f"{error}: {' '.join(last)} (the full output is in {log})") from error


def _message(answer: Any) -> str:
    return str(answer.get("message", answer) if isinstance(answer, dict) else answer)[:200]
