"""Models from the workspace and from a bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.bundle import BundleError
from training import build_features
from training.config import Config
from training.data.table import open_table
from training.errors import DataError
from training.models.model import Model
from training.workspace import Workspace


def test_a_trained_model_has_the_contract_of_its_features(trained: Config) -> None:
    data, record = build_features.load(Workspace.of(trained))
    model = Model.from_workspace(Workspace.of(trained), record)
    assert model.names == data.names
    assert model.nullable == {"AveBedrms"}
    assert model.predict(data.features).shape == (len(data.target),)


def test_a_bundle_is_verified_before_it_is_loaded(release: dict[str, Any], bundle: Path, tmp_path: Path) -> None:
    assert Model.from_bundle(bundle, release["sha256"]).sha256 == release["sha256"]
    with pytest.raises(BundleError, match="the pin is 00"):
        Model.from_bundle(bundle, "00")
    with pytest.raises(BundleError, match="no such directory"):
        Model.from_bundle(tmp_path / "none")


def test_the_rows_of_a_file_come_in_the_order_of_the_signature(bundle: Path, patients: Path) -> None:
    model = Model.from_bundle(bundle)
    [(batch, features)] = model.read_rows(open_table(patients, "patients.csv"))
    assert features.shape == (batch.num_rows, len(model.names)) == (442, 10)
    assert features[0, 0] == float(batch.column("age")[0].as_py())


def test_a_missing_value_where_none_is_allowed_is_refused(bundle: Path, patients: Path, tmp_path: Path) -> None:
    header, *lines = patients.read_text().splitlines()
    broken = tmp_path / "broken.csv"
    broken.write_text("\n".join([header, *lines[:3], "," + lines[3].partition(",")[2]]))
    with pytest.raises(DataError, match=r"broken.csv: column 'age', row 4: is missing"):
        list(Model.from_bundle(bundle).read_rows(open_table(broken, "broken.csv")))
    assert np.isnan(next(Model.from_bundle(bundle).read_rows(open_table(patients, "patients.csv")))[1]).any()
