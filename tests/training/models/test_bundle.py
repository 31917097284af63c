"""The bundle that training writes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import mlflow.pyfunc
import numpy as np
import pandas as pd
import pytest
import xgboost

import app.bundle
from tests.training.conftest import DIABETES, pipeline
from training import files
from training.models import bundle as writer

FEATURES = ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")


def golden(bundle: Path) -> tuple[pd.DataFrame, np.ndarray]:
    document = json.loads((bundle / app.bundle.GOLDEN).read_text())
    rows = pd.DataFrame(document["rows"], columns=document["columns"], dtype=float)
    return rows, np.array(document["predictions"], np.float32)


def test_the_server_reads_it_and_its_sha256_is_the_reported_one(release: dict[str, Any], bundle: Path) -> None:
    read = app.bundle.load(bundle, release["sha256"])
    assert tuple(field.name for field in read.fields) == FEATURES
    assert {field.name for field in read.fields if field.nullable} == {"bmi"}
    assert {field.type for field in read.fields} == {"double"}


def test_mlflow_gives_the_golden_answers(bundle: Path) -> None:
    rows, answers = golden(bundle)
    assert rows.isna().any().to_dict() == {name: name == "bmi" for name in FEATURES}
    assert np.asarray(mlflow.pyfunc.load_model(str(bundle)).predict(rows)).tobytes() == answers.tobytes()


def test_xgboost_alone_gives_the_golden_answers(bundle: Path) -> None:
    rows, answers = golden(bundle)
    booster = xgboost.Booster(model_file=bundle / "model.ubj")
    assert booster.predict(xgboost.DMatrix(rows)).tobytes() == answers.tobytes()
    assert booster.num_boosted_rounds() <= 100


def test_mlflow_refuses_a_missing_value_where_none_is_allowed(bundle: Path) -> None:
    rows, _ = golden(bundle)
    with pytest.raises(mlflow.exceptions.MlflowException, match="age"):
        mlflow.pyfunc.load_model(str(bundle)).predict(rows.drop(columns="age"))


def test_it_contains_no_path_of_the_machine_that_made_it(release: dict[str, Any], bundle: Path) -> None:
    for file in bundle.rglob("*"):
        assert str(release["output"]).encode() not in file.read_bytes(), file
        assert b"patients.csv" not in file.read_bytes(), file


def test_other_users_may_read_it(bundle: Path) -> None:
    for path in [bundle, *bundle.rglob("*")]:
        assert path.stat().st_mode & 0o004, path


def test_the_manifest_lists_every_other_file(bundle: Path) -> None:
    listed = json.loads((bundle / app.bundle.MANIFEST).read_text())["files"]
    assert set(listed) == {file.name for file in bundle.iterdir()} - {app.bundle.MANIFEST}
    assert writer.manifest(bundle)["files"] == listed


def test_the_same_data_and_settings_give_the_same_files_in_another_process_and_place(
    release: dict[str, Any], bundle: Path, patients: Path, tmp_path: Path
) -> None:
    """Only MLflow's own files may differ: they contain times and ids."""
    copy = Path(shutil.copy(patients, tmp_path / "renamed.txt"))
    environment = {"PYTHONHASHSEED": "7", "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2", "TZ": "Asia/Tokyo"}
    again = Path(pipeline(tmp_path / "elsewhere", copy, environment, *DIABETES)["bundle"])
    for name in ("model.ubj", app.bundle.GOLDEN, app.bundle.REFERENCE, "requirements.txt", "input_example.json"):
        assert (again / name).read_bytes() == (bundle / name).read_bytes(), name
    assert files.sha256(again / "MLmodel") != files.sha256(bundle / "MLmodel")
