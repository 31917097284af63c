"""The step `evaluate`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.training.conftest import DIABETES, write_csv
from training import build_features, evaluate, files
from training.config import Config
from training.errors import TrainingError
from training.progress import Progress
from training.workspace import Workspace


def test_scores_groups_and_plots_are_written(trained: Config, progress: Progress, reported: Callable[[], str]) -> None:
    record = evaluate.run(trained, progress)
    folder = Workspace.of(trained).evaluation
    assert files.read_json(folder / "evaluation.json", "evaluate") == record
    assert record["scores"]["test"]["r2"] > 0.5
    assert record["model_sha256"] == files.sha256(Workspace.of(trained).model)
    assert len(record["deciles"]) == 10
    assert sum(row["rows"] for row in record["regions"]) == record["rows"]["test"]
    assert len(list(folder.glob("*.png"))) == 5
    assert "R2" in reported()


def test_plots_of_an_earlier_evaluation_are_removed(evaluated: Config, progress: Progress) -> None:
    stale = Workspace.of(evaluated).evaluation / "residuals_map.png"
    assert stale.exists()
    somewhere_else = replace(evaluated, latitude="", longitude="")
    build_features.run(somewhere_else, progress)
    with pytest.raises(TrainingError, match=r"trained on other features; run `python -m training.train` again"):
        evaluate.run(somewhere_else, progress)
    from training import train

    train.run(somewhere_else, progress)
    evaluate.run(somewhere_else, progress)
    assert not stale.exists()


def run(*arguments: str) -> int:
    return evaluate.main(arguments)


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Callable[[], Any]:
    return lambda: json.loads(capsys.readouterr().out)


def test_it_runs_alone_on_the_last_training(trained: Config, printed: Callable[[], Any]) -> None:
    assert run(f"output={trained.output}") == 0
    assert printed()["rows"].keys() == {"train", "valid", "test"}


def test_a_bundle_is_evaluated_on_the_held_out_rows(release: dict[str, Any], printed: Callable[[], Any]) -> None:
    assert run("--bundle", release["bundle"], *DIABETES, f"output={release['output']}") == 0
    found = printed()
    assert {name: found[name] for name in ("rmse", "mae", "r2")} == pytest.approx(release["metrics"])
    assert Path(found["folder"], "evaluation.json").is_file()


def test_a_bundle_is_evaluated_on_another_file(
    bundle: Path, patients: Path, tmp_path: Path, printed: Callable[[], Any]
) -> None:
    into = tmp_path / "into"
    assert (
        run("--bundle", str(bundle), "--on", str(patients), "--into", str(into), f"output={tmp_path}", *DIABETES) == 0
    )
    assert printed() == {"folder": str(into), **{key: pytest.approx(value, abs=1e9) for key, value in
                      {"rows": 442, "rmse": 0, "mae": 0, "r2": 0}.items()}}  # fmt: skip
    assert "rows of the file" in json.loads((into / "evaluation.json").read_text())["on"]


@pytest.mark.parametrize(
    ("header", "lines", "wanted"),
    [
        ("MedInc,MedHouseVal", ["1,2"], "no column 'HouseAge'"),
        ("", [], "is empty"),
    ],
)
def test_a_file_without_the_columns_is_refused(
    trained: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str], header: str, lines: list[str], wanted: str
) -> None:
    path = write_csv(tmp_path / "other.csv", lines, header) if header else tmp_path / "empty.csv"
    path.touch()
    assert run("--on", str(path), f"output={trained.output}") == 1
    assert wanted in capsys.readouterr().err


def test_a_constant_target_is_refused(
    trained: Config, csv: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    header, first = csv.read_text().splitlines()[:2]
    assert run("--on", str(write_csv(tmp_path / "one.csv", [first], header)), f"output={trained.output}") == 1
    assert "column 'MedHouseVal' has the same value in every row" in capsys.readouterr().err
