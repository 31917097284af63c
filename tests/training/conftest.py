"""Data, and trainings on it.

- `csv` is small and made up, with California's columns: for what one step does.
- `patients` is real and comes with scikit-learn: `release` and `bundle` are what all steps make of it.
- test_california_housing.py is about the real California Housing, which only DATA can name.
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
from moto.server import ThreadedMotoServer

from training import build_features, evaluate, make_data, settings, train
from training.config import ROOT, Config
from training.data import generated
from training.data.column import Floats
from training.progress import Progress

ROWS = 600
# What scikit-learn's diabetes data needs: 442 patients, so the trees have to be small.
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
    """Keep the settings of whoever runs the tests out of them, and what MLflow sets for its children inside."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("DATA", "")


@pytest.fixture(scope="session")
def patients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """scikit-learn's diabetes data as it was measured, with some `bmi` left out."""
    from sklearn.datasets import load_diabetes

    data = load_diabetes(scaled=False)
    columns = {name: data.data[:, index].copy() for index, name in enumerate(data.feature_names)}
    columns["bmi"][::20] = np.nan
    return write_columns(tmp_path_factory.mktemp("patients") / "patients.csv", columns | {"progression": data.target})


@pytest.fixture(scope="session")
def csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small made-up file with California's columns, some AveBedrms missing."""
    columns = {name: column[:ROWS].copy() for name, column in generated.generate().items()}
    columns["AveBedrms"][::20] = np.nan
    return write_columns(tmp_path_factory.mktemp("csv") / "small.csv", columns)


@pytest.fixture
def stream() -> io.StringIO:
    """Where `progress` writes."""
    return io.StringIO()


@pytest.fixture
def progress(stream: io.StringIO) -> Progress:
    """A progress that keeps what it is told."""
    return Progress(stream)


@pytest.fixture
def reported(stream: io.StringIO) -> Callable[[], str]:
    """The progress so far."""
    return stream.getvalue


@pytest.fixture
def config(tmp_path: Path, csv: Path) -> Config:
    """Settings for a training of milliseconds."""
    return small(tmp_path / "var", csv)


def small(output: Path, data: Path) -> Config:
    """Return settings for a training of milliseconds."""
    return settings.load(None, [f"output={output}", f"data={data}", "rounds=12", "max_depth=3"], {})


@pytest.fixture
def trained(config: Config, progress: Progress) -> Config:
    """The settings of a training that got as far as `train`."""
    for step in (make_data, build_features, train):
        step.run(config, progress)
    return config


@pytest.fixture(scope="session")
def evaluation(tmp_path_factory: pytest.TempPathFactory, csv: Path) -> Path:
    """The output of a training that got as far as `evaluate`: made once, since its pictures take seconds."""
    config = small(tmp_path_factory.mktemp("evaluation") / "var", csv)
    for step in (make_data, build_features, train, evaluate):
        step.run(config, Progress(io.StringIO()))
    return config.output


@pytest.fixture
def evaluated(tmp_path: Path, evaluation: Path, csv: Path) -> Config:
    """The settings of a training that got as far as `evaluate`, on a copy of its own."""
    output = tmp_path / "var"
    shutil.copytree(evaluation, output, dirs_exist_ok=True)
    return small(output, csv)


def pipeline(output: Path, data: Path, environment: Mapping[str, str] | None = None, *arguments: str) -> dict[str, Any]:
    """Run `python -m training` as a process of its own and return its last line."""
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
    """What `python -m training` printed after a training on real data; `output` is where it wrote."""
    output = tmp_path_factory.mktemp("release") / "var"
    return {**pipeline(output, patients, None, *DIABETES), "output": output}


@pytest.fixture
def bundle(release: dict[str, Any]) -> Path:
    """The bundle of `release`."""
    return Path(release["bundle"])


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a bucket in an S3 of this test's own."""
    import boto3

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    # All of moto's servers in a process share what they hold.
    name = f"slipway-{uuid.uuid4()}"
    boto3.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    yield name
    server.stop()


@pytest.fixture(scope="session")
def empty_registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow's database as it makes it, which takes it seconds."""
    from training.tracking import runs

    output = tmp_path_factory.mktemp("registry")
    runs.connect(Config(output=output)).search_registered_models()
    return output / runs.DATABASE


@pytest.fixture
def registry(tmp_path: Path, empty_registry: Path) -> Path:
    """An output folder with a database without runs."""
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
    """Write a CSV file of those lines."""
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def nan_equal(left: Any, right: Any) -> bool:
    """Return whether two arrays are equal, where missing equals missing."""
    return bool(np.array_equal(np.asarray(left), np.asarray(right), equal_nan=True))
