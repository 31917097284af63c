import json
from pathlib import Path

import numpy as np
import pytest
import xgboost
import yaml

from bench import bundle
from bench.bundle import Bundle

FIELDS = (("height", False), ("width", True), ("depth", False))


@pytest.fixture(scope="session")
def small_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A bundle with the files that the benchmark reads: three fields, of which the second is nullable."""
    folder = tmp_path_factory.mktemp("bundle")
    generator = np.random.default_rng(0)
    rows = generator.normal(size=(200, len(FIELDS))).astype(np.float32)
    rows[::7, 1] = np.nan
    target = np.nan_to_num(rows).sum(axis=1)
    booster = xgboost.train({"max_depth": 3, "nthread": 1}, xgboost.DMatrix(rows, target), num_boost_round=5)
    booster.save_model(folder / "model.ubj")
    inputs = [{"type": "double", "name": name, "required": not nullable} for name, nullable in FIELDS]
    described = {"signature": {"inputs": json.dumps(inputs)}, "flavors": {"xgboost": {"data": "model.ubj"}}}
    (folder / "MLmodel").write_text(yaml.safe_dump(described))
    golden = [[None if value != value else value for value in row] for row in rows[:8].tolist()]
    (folder / "golden.json").write_text(json.dumps({"columns": [name for name, _ in FIELDS], "rows": golden}))
    return bundle.read(Path(folder))
