"""The step `predict`."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from training import make_data, predict
from training.data.column import Floats
from training.data.table import open_table
from training.models.model import Model

Run = Callable[..., int]


@pytest.fixture
def run(bundle: Path, tmp_path: Path) -> Run:
    def run(source: Path | str, name: str = "out.csv", *more: str) -> int:
        arguments = ["--bundle", str(bundle), "--input", str(source), "--output", str(tmp_path / name)]
        return predict.main([*arguments, *more])

    return run


def expected(bundle: Path, patients: Path) -> list[float]:
    model = Model.from_bundle(bundle)
    columns: dict[str, Floats] = make_data.read(open_table(patients, ""), model.names, model.names)
    return [float(answer) for answer in model.predict(np.column_stack(list(columns.values())))]


def test_every_row_comes_out_unchanged_with_its_prediction(
    run: Run, bundle: Path, patients: Path, tmp_path: Path
) -> None:
    assert run(patients) == 0
    with (tmp_path / "out.csv").open(newline="") as out, patients.open(newline="") as source:
        scored, rows = list(csv.DictReader(out)), list(csv.DictReader(source))
    assert [float(row.pop("prediction")) for row in scored] == expected(bundle, patients)
    assert scored == rows


def test_other_columns_keep_their_text(run: Run, patients: Path, tmp_path: Path) -> None:
    header, *lines = patients.read_text().splitlines()
    path = tmp_path / "named.csv"
    path.write_text(
        "\n".join([f"id,{header}", *(f'"no. {number}, 0{number}",{line}' for number, line in enumerate(lines))])
    )
    assert run(path) == 0
    with (tmp_path / "out.csv").open(newline="") as out:
        assert [row["id"] for row in csv.DictReader(out)][:2] == ["no. 0, 00", "no. 1, 01"]


def test_parquet_in_and_out_give_the_same_answers(run: Run, bundle: Path, patients: Path, tmp_path: Path) -> None:
    assert run(patients, "a.parquet") == 0
    table = pyarrow.parquet.read_table(tmp_path / "a.parquet")
    assert table.column("prediction").type == pa.float32()
    assert table.column("prediction").to_pylist() == expected(bundle, patients)
    pyarrow.parquet.write_table(table.drop(["prediction"]), tmp_path / "in.parquet", row_group_size=100)
    assert run(tmp_path / "in.parquet", "b.parquet") == 0
    assert pyarrow.parquet.read_table(tmp_path / "b.parquet") == table


def test_a_bundle_can_come_from_the_registry(
    release: dict[str, Any],
    patients: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{release['output']}/mlflow.db")
    uri, output = f"models:/diabetes/{release['version']}", str(tmp_path / "out.csv")
    assert predict.main(["--bundle", uri, "--input", str(patients), "--output", output]) == 0
    assert json.loads(capsys.readouterr().out) == {"output": output, "rows": 442, "sha256": release["sha256"]}


def test_more_rows_than_a_batch_are_all_scored_in_order(run: Run, patients: Path, tmp_path: Path) -> None:
    header, *lines = patients.read_text().splitlines()
    path = tmp_path / "many.csv"
    path.write_text("\n".join([f"id,{header}", *(f"{number},{lines[number % 442]}" for number in range(80_000))]))
    assert run(path) == 0
    with (tmp_path / "out.csv").open(newline="") as out:
        rows = list(csv.DictReader(out))
    assert [row["id"] for row in rows] == [str(number) for number in range(80_000)]
    assert all(rows[number]["prediction"] == rows[number % 442]["prediction"] for number in range(0, 80_000, 7))


def test_a_wrong_input_or_output_is_refused_and_nothing_is_written(
    run: Run, bundle: Path, patients: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    header, *lines = patients.read_text().splitlines()
    text, scored, empty = tmp_path / "text.csv", tmp_path / "scored.csv", tmp_path / "empty.csv"
    text.write_text("\n".join([header, lines[0], f"secret,{lines[1].partition(',')[2]}"]))
    scored.write_text(f"{header},prediction\n{lines[0]},1\n")
    empty.write_text(f"{header}\n")
    before = sorted(tmp_path.iterdir())
    for arguments, wanted in [
        ((text,), "text.csv: column 'age', row 2: holds text, wanted a number"),
        ((scored,), "scored.csv: already has a column 'prediction'"),
        ((empty,), "empty.csv: no rows"),
        ((text, "text.csv"), "is the input file, wanted another one"),
        ((tmp_path / "none.csv",), "none.csv'?: no such file"),
        ((patients, "out.txt"), "wanted a name that ends in .csv or .parquet"),
        ((patients, "none/out.csv"), "wanted a file in an existing folder"),
        ((patients, "out.csv", "--sha256", "00"), "the pin is 00"),
    ]:
        assert run(*arguments) == 1
        error = capsys.readouterr().err.splitlines()[-1]
        assert error.startswith("error: ")
        assert wanted.replace("'?", "'") in error
        assert "secret" not in error
    assert sorted(tmp_path.iterdir()) == before
