"""MLflow on the host: its login, what its registry knows, and training against it."""

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
ANSWERS_WITHIN_SECONDS = 60


class Tracking:
    """The MLflow server as it is seen from here."""

    def __init__(self, checkout: Checkout, state: State) -> None:
        """`log_in` comes first, once in a rehearsal."""
        self.checkout = checkout
        self.url = f"{gateway.address(checkout, state)}/mlflow"

    def log_in(self, host: Host) -> None:
        """Write the login to a file that only this user reads."""
        password = host.read(PASSWORD)
        if not password:
            raise CommandError(f"MLflow has no password yet ({PASSWORD} on the host): see `make status`")
        variables = {
            "MLFLOW_TRACKING_URI": self.url,
            "MLFLOW_TRACKING_USERNAME": USER,
            "MLFLOW_TRACKING_PASSWORD": password.strip(),
            "MLFLOW_TRACKING_SERVER_CERT_PATH": str(self.checkout.ca),
        }
        about = "# MLflow's login: `set -a; . FILE` in a shell, and python -m training goes there.\n"
        lines = "".join(f"{key}={shlex.quote(value)}\n" for key, value in variables.items())
        replace(self.checkout.credentials, about + lines)

    def variables(self) -> dict[str, str]:
        """Return the login as variables of the environment."""
        lines = shlex.split(self.checkout.credentials.read_text(encoding="utf-8"), comments=True)
        return dict(line.split("=", 1) for line in lines)

    def ask(self, path: str, **query: str) -> tuple[int, Any]:
        """Return the status and the document of MLflow's REST API."""
        login = self.variables()
        pair = f"{login['MLFLOW_TRACKING_USERNAME']}:{login['MLFLOW_TRACKING_PASSWORD']}"
        headers = {"authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
        url = f"{self.url}/{API}/{path}?{urllib.parse.urlencode(query)}"
        return gateway.require(self.checkout, url, None, headers)

    def newest(self, name: str) -> dict[str, Any] | None:
        """Return the registry's newest version of a model, None where it has none."""
        status, found = self.ask("model-versions/search", filter=f"name='{name}'", max_results="1000")
        if status != 200:
            raise CommandError(f"MLflow answers {status} for the versions of {name}: {_message(found)}")
        versions: list[dict[str, Any]] = found.get("model_versions", [])
        return max(versions, key=lambda version: int(version["version"]), default=None)

    def version(self, name: str, number: str) -> dict[str, Any]:
        """Return what the registry knows of a version, its tags as a mapping."""
        status, found = self.ask("model-versions/get", name=name, version=number)
        if status != 200:
            raise CommandError(f"models:/{name}/{number}: MLflow answers {status}: {_message(found)}")
        version: dict[str, Any] = found["model_version"]
        return version | {"tags": {tag["key"]: tag["value"] for tag in version.get("tags", [])}}

    def download(self, uri: str, folder: Path) -> Path:
        """Download a file of MLflow's into the folder and return where it is."""
        os.environ |= {**self.variables(), "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false"}
        import mlflow.artifacts  # takes seconds
        from mlflow.exceptions import MlflowException

        try:
            return Path(mlflow.artifacts.download_artifacts(uri, dst_path=str(folder)))
        except MlflowException as error:
            raise CommandError(f"{uri}: {error.message}") from error

    def train(self, progress: Progress, *settings: str) -> dict[str, Any]:
        """Train as a person would, and return what came of it."""
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
