"""Tables written batch by batch."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from training.data.writers import WRITERS

BATCHES = [
    pa.RecordBatch.from_pydict({"id": ["007", 'say "a", b'], "x": [0.1, None]}),
    pa.RecordBatch.from_pydict({"id": ["ä", ""], "x": [2.0, 1e-300]}),
]


@pytest.fixture(params=[".csv", ".parquet"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"out{request.param}"
    with WRITERS[path.suffix](path) as write:
        for batch in BATCHES:
            write(batch)
    return path


def test_all_batches_are_in_the_file(path: Path) -> None:
    if path.suffix == ".csv":
        assert path.read_text(encoding="utf-8") == 'id,x\n007,0.1\n"say ""a"", b",\nä,2.0\n,1e-300\n'
    else:
        assert pyarrow.parquet.read_table(path) == pa.Table.from_batches(BATCHES)
