"""Evaluates a model on the held-out rows: RMSE, MAE, R2, errors per decile and per region, and plots.

Reads the output of `build_features` and `train`. Writes evaluation.json and plots (*.png) to
<output>/training/<name>/evaluate/. --bundle evaluates a bundle instead of the trained model, --on uses all rows of a
file instead of the held-out rows; both write to --into.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from training import build_features, cli, files, make_data
from training.config import Config
from training.data import source
from training.data.dataset import Dataset
from training.data.split import PARTS, TEST
from training.data.table import open_table
from training.errors import DataError
from training.progress import Progress
from training.tracking import fetch
from training.workspace import Workspace

RECORD = "evaluation.json"
HELD_OUT = "held-out rows"


def run(config: Config, progress: Progress) -> dict[str, Any]:
    """Evaluate the trained model on the held-out rows and return the record."""
    # XGBoost and Matplotlib take a second each to import, and --help must not wait for them.
    from training.models.model import Model

    workspace = Workspace.of(config)
    data, features = build_features.load(workspace)
    model = Model.from_workspace(workspace, features)
    if workspace.evaluation.exists():
        # A plot of an earlier run would look like one of this run.
        shutil.rmtree(workspace.evaluation)
    about = {"on": HELD_OUT, "target": features["target"], "features_sha256": features["sha256"]}
    history = files.read_json(workspace.training_record, "train")["history"]
    return evaluate(model, data, about, history, workspace.evaluation, progress)


def evaluate(
    model: Any,
    data: Dataset,
    about: dict[str, Any],
    history: dict[str, Any] | None,
    folder: Path,
    progress: Progress,
) -> dict[str, Any]:
    """Write scores and plots to `folder`. Deciles, regions and plots cover the part `test` only."""
    from training.evaluation import plots, regions, scores
    from training.models import trees

    parts = {part: rows for part in PARTS if len((rows := data.only(part)).target)}
    answers = {part: model.predict(rows.features).astype(np.float64) for part, rows in parts.items()}
    test = parts[TEST]
    located = regions.region_names(test.coordinates) if test.coordinates is not None else None
    record: dict[str, Any] = about | {
        "model_sha256": model.sha256,
        "rows": {part: len(rows.target) for part, rows in parts.items()},
        "scores": {part: scores.scores(rows.target, answers[part]) for part, rows in parts.items()},
        "deciles": scores.by_decile(test.target, answers[TEST]),
        "regions": scores.by_region(test.target, answers[TEST], located) if located else [],
        "importance": trees.importance(model.booster),
    }
    files.write_json(folder / RECORD, record)
    summary = ", ".join(f"{name.upper()} {value:.4f}" for name, value in record["scores"][TEST].items())
    progress.say(f"{record['rows'][TEST]:,} {record['on']}: {summary}")
    written = plots.draw(folder, test, answers[TEST], record, history)
    progress.say(f"{RECORD} and {len(written)} plots in {folder}")
    return record


def _evaluate_other(config: Config, progress: Progress, arguments: argparse.Namespace) -> dict[str, Any]:
    """Evaluate a bundle, or the trained model on another file, and return the scores."""
    from training.models.model import Model

    workspace = Workspace.of(config)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if arguments.bundle:
            model = Model.from_bundle(fetch.bundle(arguments.bundle, config, folder / "bundle"))
        else:
            model = Model.from_workspace(workspace, build_features.load(workspace)[1])
        data, about = _file(model, config, arguments.on, folder) if arguments.on else _held_out(model, workspace)
        into = arguments.into or config.output / "evaluations" / f"{config.name}-{model.sha256[:12]}"
        record = evaluate(model, data, about, None, into, progress)
    return {"folder": str(into), "rows": record["rows"][TEST], **record["scores"][TEST]}


def _file(model: Any, config: Config, location: str, folder: Path) -> tuple[Dataset, dict[str, Any]]:
    """Return all rows of a file as the held-out part, and their description for the record."""
    table = open_table(source.fetch(location, folder), source.redacted(location))
    located = config.coordinate_columns if set(config.coordinate_columns) <= set(table.names) else ()
    columns = make_data.read(table, tuple(dict.fromkeys((*model.names, *located, config.target))), model.nullable)
    if np.ptp(columns[config.target]) == 0:
        raise DataError(f"{table.label}: column {config.target!r} has the same value in every row, so R2 is undefined")
    features = np.column_stack([columns[name] for name in model.names])
    part = np.full(len(features), PARTS.index(TEST), np.int8)
    coordinates = np.column_stack([columns[name] for name in located]) if located else None
    about = {"on": "rows of the file", "target": config.target}
    return Dataset(model.names, features, columns[config.target], coordinates, part), about


def _held_out(model: Any, workspace: Workspace) -> tuple[Dataset, dict[str, Any]]:
    """Return the held-out rows with the features in the model's order, and their description for the record."""
    data, record = build_features.load(workspace)
    data = data.only(TEST)
    missing = [name for name in model.names if name not in data.names]
    if missing:
        raise DataError(f"{workspace.features}: no column {', '.join(map(repr, missing))}, which the bundle needs")
    order = [data.names.index(name) for name in model.names]
    about = {"on": HELD_OUT, "target": record["target"]}
    return Dataset(model.names, data.features[:, order], data.target, data.coordinates, data.part), about


def main(argv: Sequence[str] | None = None) -> int:
    """Run this step alone."""
    parser = cli.parser("evaluate", __doc__ or "")
    parser.add_argument("--bundle", metavar="WHERE", help="folder of a bundle, or models:/<name>/<version>")
    parser.add_argument(
        "--on", metavar="FILE", help="rows to evaluate on, CSV or Parquet: a path, a URL or s3://bucket/key"
    )
    parser.add_argument(
        "--into",
        type=Path,
        metavar="FOLDER",
        help="folder for the results (default: <output>/evaluations/<name>-<digest>)",
    )
    arguments = parser.parse_intermixed_args(argv)

    def step(config: Config, progress: Progress) -> dict[str, Any]:
        if arguments.bundle or arguments.on:
            return _evaluate_other(config, progress, arguments)
        return run(config, progress)

    return cli.run_step("evaluate", step, arguments)


if __name__ == "__main__":
    sys.exit(main())
