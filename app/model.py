"""A loaded model: its bundle, the engine that computes it, and the contract of its signature."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from app import bundle as bundles
from app.bundle import Bundle, BundleError
from app.engines import choice as engines
from app.engines.engine import Engine, EngineError
from app.prediction.contract import Contract
from app.prediction.formats.request_format import ModelId
from app.prediction.formats.rows import ROWS
from app.settings import ModelSource, Settings


@dataclass(frozen=True)
class Model:
    """One served model; `load_seconds` is how long its engine took to load and to give the golden answers."""

    source: ModelSource
    bundle: Bundle
    contract: Contract
    engine: Engine
    load_seconds: float
    id: ModelId = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "id", ModelId(self.source.name, self.source.version))

    def ready(self) -> bool:
        """Return whether the engine still gives the golden answers: to all rows as a batch, and to the first row alone.

        Loading has checked every row alone. A health check comes each second, and that would take XGBoost milliseconds.
        """
        try:
            engines.check(self.engine, self.bundle.golden, alone=1)
        except EngineError:
            return False
        return True


def read(source: ModelSource) -> Bundle:
    """Return the verified bundle; raises BundleError also if an input has a name that requests cannot use."""
    loaded = bundles.load(source.path)
    if any(field.name == ROWS for field in loaded.fields):
        raise BundleError(f"{source.path}: an input is called {ROWS!r}, the name that requests use for the rows")
    return loaded


def load(source: ModelSource, bundle: Bundle, settings: Settings) -> Model:
    """Return the model of a verified bundle; raises EngineError if no engine gives its golden answers."""
    start = time.perf_counter()
    engine = engines.choose(bundle.model, bundle.golden, settings.engine)
    contract = Contract(bundle.fields, settings.max_rows)
    return Model(source, bundle, contract, engine, time.perf_counter() - start)
