"""Writes runs and model versions to MLflow, and downloads bundles from it."""

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
# The limits of one API call.
MAX_METRICS, MAX_PARAMETERS, MAX_TAGS = 1000, 100, 100


def uri(config: Config) -> str:
    """Return the URI of the tracking server or database."""
    return config.tracking_uri or f"sqlite:///{config.output.resolve() / DATABASE}"


def connect(config: Config) -> MlflowClient:
    """Return a client of the tracking server."""
    # Its notices about tables and versions would hide the progress; warnings stay.
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    config.output.mkdir(parents=True, exist_ok=True)
    # For the whole process: MLflow resolves models:/ URIs against nothing else.
    mlflow.set_tracking_uri(uri(config))
    return MlflowClient()


def download(location: str, config: Config, folder: Path) -> Path:
    """Return the folder of the bundle at `location`, downloaded into `folder`."""
    if not config.tracking_uri and not (config.output / DATABASE).is_file():
        # MLflow would create an empty database, and then not find the model in it.
        raise TrainingError(
            f"{config.output / DATABASE}: no such database; set MLFLOW_TRACKING_URI to use a tracking server"
        )
    connect(config)
    return Path(mlflow.artifacts.download_artifacts(location, dst_path=str(folder)))


@dataclass(frozen=True)
class Run:
    """An active run."""

    client: MlflowClient
    experiment: str
    id: str

    def log_parameters(self, values: Mapping[str, Any]) -> None:
        """Log the parameters."""
        for batch in _batches([Param(key, str(value)) for key, value in values.items()], MAX_PARAMETERS):
            self.client.log_batch(self.id, params=batch)

    def log_metrics(self, values: Iterable[tuple[str, float, int]]) -> None:
        """Log metrics, given as (name, value, step)."""
        now = int(time.time() * 1000)
        for batch in _batches([Metric(key, value, now, step) for key, value, step in values], MAX_METRICS):
            self.client.log_batch(self.id, metrics=batch)

    def log_data(self, name: str, digest: str, source: str, profile: str) -> None:
        """Log the dataset. MLflow's own field holds 36 characters of the digest; the tag has all of it."""
        dataset = Dataset(name=name, digest=digest[:36], source_type="local", source=source, profile=profile)
        self.client.log_inputs(self.id, [DatasetInput(dataset, [])])

    def log_files(self, folder: Path, path: str) -> None:
        """Log the files of a folder as artifacts."""
        self.client.log_artifacts(self.id, str(folder), path)

    def log_text(self, content: str, name: str) -> None:
        """Log a text as an artifact."""
        self.client.log_text(self.id, content, name)

    @contextmanager
    def model(self, name: str) -> Iterator[str]:
        """Yield the id of a new model of this run. MLflow marks it READY at the end, FAILED after an exception."""
        logged = self.client.create_logged_model(self.experiment, name, self.id)
        try:
            yield logged.model_id
        except BaseException:
            self.client.finalize_logged_model(logged.model_id, "FAILED")
            raise
        self.client.finalize_logged_model(logged.model_id, "READY")
        self.client.log_outputs(self.id, [LoggedModelOutput(logged.model_id, 0)])

    def upload(self, model_id: str, folder: Path) -> None:
        """Upload every file of the bundle as the model's, so that a download gives the bundle."""
        self.client.log_model_artifacts(model_id, str(folder))

    def register(self, name: str, model_id: str, tags: Mapping[str, str], description: str) -> str:
        """Register the model and return its version."""
        if not self.client.search_registered_models(f"name = '{name}'"):
            self._create(name)
        source = f"models:/{model_id}"
        made = self.client.create_model_version(name, source, self.id, dict(tags), None, description, model_id=model_id)
        # MLflow's pages use this tag to link a model to its version.
        self.client.set_logged_model_tags(
            model_id, {MLFLOW_MODEL_VERSIONS: json.dumps([{"name": made.name, "version": made.version}])}
        )
        return str(made.version)

    def _create(self, name: str) -> None:
        try:
            self.client.create_registered_model(name)
        except MlflowException as error:
            # Another training has created it meanwhile.
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise


@contextmanager
def run(config: Config, client: MlflowClient, tags: Mapping[str, str]) -> Iterator[Run]:
    """Yield a new run. MLflow marks it FINISHED at the end, FAILED after an exception."""
    experiment = _experiment(config, client)
    started = Run(client, experiment, client.create_run(experiment).info.run_id)
    status = "FAILED"
    try:
        for batch in _batches([RunTag(key, value) for key, value in tags.items()], MAX_TAGS):
            client.log_batch(started.id, tags=batch)
        yield started
        status = "FINISHED"
    finally:
        # MLflow prints the address of the run to stdout, which is for the result.
        with redirect_stdout(sys.stderr):
            client.set_terminated(started.id, status)


def _experiment(config: Config, client: MlflowClient) -> str:
    """Return the id of the experiment. It has the name of the model."""
    found = client.get_experiment_by_name(config.name)
    if found is not None:
        return str(found.experiment_id)
    # A server has its own artifact location; with a database in a file, the client sets it.
    own = None if config.tracking_uri else (config.output.resolve() / "artifacts" / config.name).as_uri()
    return str(client.create_experiment(config.name, artifact_location=own))


def _batches(items: list[Any], size: int) -> Iterator[list[Any]]:
    return (items[start : start + size] for start in range(0, len(items), size))
