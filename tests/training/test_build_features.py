"""The step `build_features`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.training.conftest import write_csv
from training import build_features, make_data
from training.config import Config
from training.errors import DataError, TrainingError
from training.progress import Progress
from training.workspace import Workspace


def test_the_features_keep_order_rows_and_missing_values(config: Config, progress: Progress) -> None:
    config = replace(config, features=("Longitude", "AveBedrms", "MedInc"))
    make_data.run(config, progress)
    record = build_features.run(config, progress)
    data, again = build_features.load(Workspace.of(config))
    assert again == record
    assert data.names == config.features
    assert record["nullable"] == ["AveBedrms"]
    assert np.isnan(data.features[:, 1]).sum() > 0
    assert sum(record["rows"].values()) == len(data.target) == record["data"]["rows"]
    assert data.coordinates is not None
    assert (data.coordinates[:, 1] == data.features[:, 0]).all()


def test_columns_that_were_not_stored_are_refused(config: Config, progress: Progress) -> None:
    make_data.run(replace(config, features=("MedInc",)), progress)
    with pytest.raises(DataError, match=r"no column 'HouseAge', .*`python -m training.make_data`"):
        build_features.run(config, progress)


def test_without_data_the_error_names_the_step_to_run(config: Config, progress: Progress) -> None:
    with pytest.raises(TrainingError, match=r"no such file; run `python -m training.make_data` first"):
        build_features.run(config, progress)


def test_too_few_rows_are_refused(config: Config, progress: Progress, tmp_path: Path) -> None:
    lines = [f"{row},{row},{row}" for row in range(30)]
    few = replace(config, features=("a", "b"), target="target", latitude="", longitude="")
    few = replace(few, data=str(write_csv(tmp_path / "few.csv", lines)))
    make_data.run(few, progress)
    with pytest.raises(DataError, match=r"30 rows: the part '(train|valid|test)' gets [0-9], wanted at least 10"):
        build_features.run(few, progress)


def test_a_constant_target_is_refused(config: Config, progress: Progress, tmp_path: Path) -> None:
    lines = [f"{row},{row},7" for row in range(300)]
    same = replace(config, features=("a", "b"), target="target", latitude="", longitude="")
    same = replace(same, data=str(write_csv(tmp_path / "same.csv", lines)))
    make_data.run(same, progress)
    with pytest.raises(DataError, match="the same value in every row of the part 'train'"):
        build_features.run(same, progress)


def test_a_changed_features_file_is_refused(config: Config, progress: Progress) -> None:
    make_data.run(config, progress)
    build_features.run(config, progress)
    Workspace.of(config).features.write_bytes(b"")
    with pytest.raises(DataError, match=r"features.parquet: does not match features.json"):
        build_features.load(Workspace.of(config))
