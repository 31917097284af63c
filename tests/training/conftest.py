"""Data, and trainings on it.

- `csv` is a small generated file with California's columns, for tests of one step.
- `patients` is real data that comes with scikit-learn. `release` and `bundle` are the results of all steps on it.
- test_california_housing.py tests the real California Housing data, which DATA has to name.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest

from tests import s3
from training import build_features, evaluate, make_data, settings, train
from training.config import ROOT, Config
from training.data import generated
from training.data.column import Floats
from training.progress import Progress

ROWS = 600
# Settings for scikit-learn's diabetes data: with 442 patients, the trees have to be small.
DIABETES = (
    "name=diabetes",
    "features=age,sex,bmi,bp,s1,s2,s3,s4,s5,s6",
    "target=progression",
    "latitude=",
    "longitude=",
    "learning_rate=0.1",
    "max_depth=3",
)


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Isolate the tests from the variables of the user, and from those that MLflow sets for its child processes."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("DATA", "")


@pytest.fixture(scope="session")
def patients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """scikit-learn's diabetes data in its original units, with some `bmi` missing."""
    from sklearn.datasets import load_diabetes

    data = load_diabetes(scaled=False)
    columns = {name: data.data[:, index].copy() for index, name in enumerate(data.feature_names)}
    columns["bmi"][::20] = np.nan
    return write_columns(tmp_path_factory.mktemp("patients") / "patients.csv", columns | {"progression": data.target})


@pytest.fixture(scope="session")
def csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small generated file with California's columns, some AveBedrms missing."""
    columns = {name: column[:ROWS].copy() for name, column in generated.generate().items()}
    columns["AveBedrms"][::20] = np.nan
    return write_columns(tmp_path_factory.mktemp("csv") / "small.csv", columns)


@pytest.fixture
def stream() -> io.StringIO:
    """Where `progress` writes."""
    return io.StringIO()


@pytest.fixture
def progress(stream: io.StringIO) -> Progress:
    """A progress that writes to `stream`."""
    return Progress(stream)


@pytest.fixture
def reported(stream: io.StringIO) -> Callable[[], str]:
    """A function that returns the progress so far."""
    return stream.getvalue


@pytest.fixture
def config(tmp_path: Path, csv: Path) -> Config:
    """Settings for a training that takes milliseconds."""
    return small(tmp_path / "var", csv)


def small(output: Path, data: Path) -> Config:
    """Return settings for a training that takes milliseconds."""
    return settings.load(None, [f"output={output}", f"data={data}", "rounds=12", "max_depth=3"], {})


@pytest.fixture
def trained(config: Config, progress: Progress) -> Config:
    """The settings of a training that has run up to `train`."""
    for step in (make_data, build_features, train):
        step.run(config, progress)
    return config


@pytest.fixture(scope="session")
def evaluation(tmp_path_factory: pytest.TempPathFactory, csv: Path) -> Path:
    """The output of a training that has run up to `evaluate`. It is made once, because its plots take seconds."""
    config = small(tmp_path_factory.mktemp("evaluation") / "var", csv)
    for step in (make_data, build_features, train, evaluate):
        step.run(config, Progress(io.StringIO()))
    return config.output


@pytest.fixture
def evaluated(tmp_path: Path, evaluation: Path, csv: Path) -> Config:
    """The settings of a training that has run up to `evaluate`, on a copy for this test."""
    output = tmp_path / "var"
    shutil.copytree(evaluation, output, dirs_exist_ok=True)
    return small(output, csv)


def pipeline(output: Path, data: Path, environment: Mapping[str, str] | None = None, *arguments: str) -> dict[str, Any]:
    """Run `python -m training` in a new process and return its result."""
    inherited = {key: value for key, value in os.environ.items() if key not in ("DATA", "MLFLOW_TRACKING_URI")}
    done = subprocess.run(
        [sys.executable, "-m", "training", f"output={output}", f"data={data}", *arguments],
        cwd=ROOT,
        env={**inherited, "MLFLOW_DISABLE_TELEMETRY": "true", **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return {**result, "stderr": done.stderr, "stdout": done.stdout}


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory, patients: Path) -> dict[str, Any]:
    """The result of `python -m training` on real data. `output` is its output folder."""
    output = tmp_path_factory.mktemp("release") / "var"
    return {**pipeline(output, patients, None, *DIABETES), "output": output}


@pytest.fixture
def bundle(release: dict[str, Any]) -> Path:
    """The bundle of `release`."""
    return Path(release["bundle"])


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a bucket in an S3 server for this test."""
    import boto3

    region = "eu-central-1"
    with s3.server(monkeypatch, region):
        # All moto servers in a process share their buckets.
        name = f"slipway-{uuid.uuid4()}"
        boto3.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
        yield name


@pytest.fixture(scope="session")
def empty_registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a new MLflow database, which takes seconds to create."""
    from training.tracking import runs

    output = tmp_path_factory.mktemp("registry")
    runs.connect(Config(output=output)).search_registered_models()
    return output / runs.DATABASE


@pytest.fixture
def registry(tmp_path: Path, empty_registry: Path) -> Path:
    """An output folder with an empty MLflow database."""
    output = tmp_path / "var"
    output.mkdir(exist_ok=True)
    shutil.copy(empty_registry, output)
    return output


def write_columns(path: Path, columns: Mapping[str, Floats]) -> Path:
    """Write columns as CSV, a NaN as an empty cell."""
    table = pa.table({name: pa.array(column, from_pandas=True) for name, column in columns.items()})
    pyarrow.csv.write_csv(table, path, pyarrow.csv.WriteOptions(quoting_style="none"))
    return path


def write_csv(path: Path, rows: list[str], header: str = "a,b,target") -> Path:
    """Write a CSV file with these lines."""
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def nan_equal(left: Any, right: Any) -> bool:
    """Return whether two arrays are equal, where NaN equals NaN."""
    return bool(np.array_equal(np.asarray(left), np.asarray(right), equal_nan=True))
