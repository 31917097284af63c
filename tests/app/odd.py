"""A bundle with a field of every type, and names that need care in each format that carries them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.bundle import Field
from tests.app import bundles

FIELDS = (
    Field("age, years", "integer", True),
    Field('it\'s "odd" <b>', "double", False),
    Field("member", "boolean", False),
    Field("count", "long", False),
    Field("größe €", "float", True),
)


def write(folder: Path) -> Path:
    """Write the bundle to `folder`; some of its golden rows lack the age."""
    random = np.random.default_rng(2)
    columns = [
        random.integers(18, 90, 200),
        random.normal(0, 1, 200),
        random.integers(0, 2, 200),
        random.integers(0, 10**6, 200),
        random.normal(1.7, 0.1, 200),
    ]
    rows = np.stack(columns, axis=1).astype(np.float32)
    target = rows[:, 0] / 10 + rows[:, 1] + rows[:, 2]
    rows[::5, 0] = np.nan
    return bundles.write(folder, bundles.train(rows, target), rows[:30], FIELDS)
