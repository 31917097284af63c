"""MLflow: the run with all that is known about a training, and the registry that numbers its model."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
import mlflow.artifacts
from mlflow.entities import Dataset, DatasetInput, LoggedModelOutput, Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from mlflow.utils.mlflow_tags import MLFLOW_MODEL_VERSIONS

from training.config import Config
from training.errors import TrainingError

DATABASE = "mlflow.db"
# The API takes no more in one call.
MOST_METRICS, MOST_PARAMETERS, MOST_TAGS = 1000, 100, 100


def uri(config: Config) -> str:
    """Return the tracking server's or database's address."""
    return config.tracking_uri or f"sqlite:///{config.output.resolve() / DATABASE}"


def connect(config: Config) -> MlflowClient:
    """Return a client of the tracking server."""
    # Its notices about tables and versions would drown the progress; warnings stay.
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    config.output.mkdir(parents=True, exist_ok=True)
    # The whole process, since models:/ addresses are resolved against nothing else.
    mlflow.set_tracking_uri(uri(config))
    return MlflowClient()


def download(location: str, config: Config, folder: Path) -> Path:
    """Return the folder of the bundle at `location`, downloaded into `folder`."""
    if not config.tracking_uri and not (config.output / DATABASE).is_file():
        # MLflow would make an empty one, and then not find the model in it.
        raise TrainingError(f"{config.output / DATABASE}: not there; MLFLOW_TRACKING_URI names another place to look")
    connect(config)
    return Path(mlflow.artifacts.download_artifacts(location, dst_path=str(folder)))


@dataclass(frozen=True)
class Run:
    """A run that is under way."""

    client: MlflowClient
    experiment: str
    id: str

    def parameters(self, values: Mapping[str, Any]) -> None:
        """Log what was set."""
        for some in _portions([Param(key, str(value)) for key, value in values.items()], MOST_PARAMETERS):
            self.client.log_batch(self.id, params=some)

    def metrics(self, values: Iterable[tuple[str, float, int]]) -> None:
        """Log what was measured, as (name, value, step)."""
        now = int(time.time() * 1000)
        for some in _portions([Metric(key, value, now, step) for key, value, step in values], MOST_METRICS):
            self.client.log_batch(self.id, metrics=some)

    def data(self, name: str, digest: str, source: str, profile: str) -> None:
        """Log what was learned from; the tag has the whole digest, MLflow's own field holds 36 letters."""
        dataset = Dataset(name=name, digest=digest[:36], source_type="local", source=source, profile=profile)
        self.client.log_inputs(self.id, [DatasetInput(dataset, [])])

    def files(self, folder: Path, into: str) -> None:
        """Log a folder's files."""
        self.client.log_artifacts(self.id, str(folder), into)

    def text(self, content: str, name: str) -> None:
        """Log a text as a file."""
        self.client.log_text(self.id, content, name)

    @contextmanager
    def model(self, name: str) -> Iterator[str]:
        """Give the id of a new model of this run; it is ready at the end, and failed where an error leaves it."""
        logged = self.client.create_logged_model(self.experiment, name, self.id)
        try:
            yield logged.model_id
        except BaseException:
            self.client.finalize_logged_model(logged.model_id, "FAILED")
            raise
        self.client.finalize_logged_model(logged.model_id, "READY")
        self.client.log_outputs(self.id, [LoggedModelOutput(logged.model_id, 0)])

    def upload(self, model_id: str, folder: Path) -> None:
        """Log every file of the bundle as the model's, so that a download is the bundle."""
        self.client.log_model_artifacts(model_id, str(folder))

    def register(self, name: str, model_id: str, tags: Mapping[str, str], description: str) -> str:
        """Return the number that the registry gives to the model."""
        if not self.client.search_registered_models(f"name = '{name}'"):
            self._create(name)
        source = f"models:/{model_id}"
        made = self.client.create_model_version(name, source, self.id, dict(tags), None, description, model_id=model_id)
        # By this tag MLflow's pages lead from the model to its version.
        self.client.set_logged_model_tags(
            model_id, {MLFLOW_MODEL_VERSIONS: json.dumps([{"name": made.name, "version": made.version}])}
        )
        return str(made.version)

    def _create(self, name: str) -> None:
        try:
            self.client.create_registered_model(name)
        except MlflowException as error:
            # Somebody else's training was faster.
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise


@contextmanager
def run(config: Config, client: MlflowClient, tags: Mapping[str, str]) -> Iterator[Run]:
    """Give a new run; it is finished at the end, and failed where an error leaves it."""
    experiment = _experiment(config, client)
    started = Run(client, experiment, client.create_run(experiment).info.run_id)
    status = "FAILED"
    try:
        for some in _portions([RunTag(key, value) for key, value in tags.items()], MOST_TAGS):
            client.log_batch(started.id, tags=some)
        yield started
        status = "FINISHED"
    finally:
        # It prints where the run can be seen to stdout, which is for the result.
        with redirect_stdout(sys.stderr):
            client.set_terminated(started.id, status)


def _experiment(config: Config, client: MlflowClient) -> str:
    """Return the id of the experiment, which is called as the model is."""
    found = client.get_experiment_by_name(config.name)
    if found is not None:
        return str(found.experiment_id)
    # A server knows where its artifacts go; the database in a file has to be told.
    own = None if config.tracking_uri else (config.output.resolve() / "artifacts" / config.name).as_uri()
    return str(client.create_experiment(config.name, artifact_location=own))


def _portions(items: list[Any], most: int) -> Iterator[list[Any]]:
    return (items[start : start + most] for start in range(0, len(items), most))
