from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app import model
from app.bundle import BundleError, Field
from app.settings import ModelSource, Settings
from tests.app import bundles


def test_a_loaded_model_is_ready_and_says_what_it_is(bundle: Path) -> None:
    source = ModelSource("california", "7", bundle)
    loaded = model.load(source, model.read(source), Settings(max_rows=5))
    assert loaded.id == ("california", "7")
    assert loaded.contract.max_rows == 5
    assert loaded.load_seconds > 0
    assert loaded.ready()


def test_a_signature_that_requests_could_not_address_is_refused(tmp_path: Path) -> None:
    features, target = np.arange(40, dtype=np.float32).reshape(-1, 1), np.arange(40, dtype=np.float32)
    fields = [Field("features", "double", False)]
    folder = bundles.write(tmp_path / "b", bundles.train(features, target), features[:5], fields)
    with pytest.raises(BundleError, match="an input is called 'features'"):
        model.read(ModelSource("a", "1", folder))


def test_an_answer_that_changed_makes_it_unready(bundle: Path) -> None:
    source = ModelSource("california", "7", bundle)
    loaded = model.load(source, model.read(source), Settings())

    class Broken:
        name = "broken"

        def predict(self, rows: np.ndarray) -> np.ndarray:
            return loaded.engine.predict(rows) * np.float32(1.01)

    assert not replace(loaded, engine=Broken()).ready()
