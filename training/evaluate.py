"""Measures a model on the held-out part: RMSE, MAE, R2, errors per decile and per region, and draws pictures.

By itself, reads what `build_features` and `train` wrote, and writes <output>/training/<name>/evaluate/evaluation.json
and *.png there. --bundle measures a bundle instead, --on all rows of a file instead of the held-out part; both write
to --into.
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
    """Measure what `train` wrote on the held-out part, and return the record."""
    # XGBoost and Matplotlib take a second each to import: --help shall not wait for them.
    from training.models.model import Model

    workspace = Workspace.of(config)
    data, features = build_features.load(workspace)
    model = Model.trained(workspace, features)
    if workspace.evaluation.exists():
        # A picture that this run does not draw would be taken for one of its.
        shutil.rmtree(workspace.evaluation)
    about = {"on": HELD_OUT, "target": features["target"], "features_sha256": features["sha256"]}
    history = files.read_json(workspace.training_record, "train")["history"]
    return measure(model, data, about, history, workspace.evaluation, progress)


def measure(
    model: Any,
    data: Dataset,
    about: dict[str, Any],
    history: dict[str, Any] | None,
    folder: Path,
    progress: Progress,
) -> dict[str, Any]:
    """Write scores and pictures to `folder`; groups and pictures are of the part `test`."""
    from training.evaluation import plots, regions, scores
    from training.models import trees

    parts = {part: rows for part in PARTS if len((rows := data.only(part)).target)}
    answers = {part: model.predict(rows.features).astype(np.float64) for part, rows in parts.items()}
    test = parts[TEST]
    places = regions.regions(test.place) if test.place is not None else None
    record: dict[str, Any] = about | {
        "model_sha256": model.sha256,
        "rows": {part: len(rows.target) for part, rows in parts.items()},
        "scores": {part: scores.scores(rows.target, answers[part]) for part, rows in parts.items()},
        "deciles": scores.by_decile(test.target, answers[TEST]),
        "regions": scores.by_region(test.target, answers[TEST], places) if places else [],
        "importance": trees.importance(model.booster),
    }
    files.write_json(folder / RECORD, record)
    told = ", ".join(f"{name.upper()} {value:.4f}" for name, value in record["scores"][TEST].items())
    progress.say(f"{record['rows'][TEST]:,} {record['on']}: {told}")
    drawn = plots.draw(folder, test, answers[TEST], record, history)
    progress.say(f"{RECORD} and {len(drawn)} pictures in {folder}")
    return record


def _elsewhere(config: Config, progress: Progress, arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure a bundle, or on another file, and return the scores."""
    from training.models.model import Model

    workspace = Workspace.of(config)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if arguments.bundle:
            model = Model.bundled(fetch.bundle(arguments.bundle, config, folder / "bundle"))
        else:
            model = Model.trained(workspace, build_features.load(workspace)[1])
        data, about = _file(model, config, arguments.on, folder) if arguments.on else _held_out(model, workspace)
        into = arguments.into or config.output / "evaluations" / f"{config.name}-{model.sha256[:12]}"
        record = measure(model, data, about, None, into, progress)
    return {"folder": str(into), "rows": record["rows"][TEST], **record["scores"][TEST]}


def _file(model: Any, config: Config, location: str, folder: Path) -> tuple[Dataset, dict[str, Any]]:
    """Return all rows of a file as the held-out part, and what they are."""
    table = open_table(source.fetch(location, folder), source.shown(location))
    place = config.place if set(config.place) <= set(table.names) else ()
    columns = make_data.read(table, tuple(dict.fromkeys((*model.names, *place, config.target))), model.nullable)
    if np.ptp(columns[config.target]) == 0:
        raise DataError(f"{table.shown}: column {config.target!r} has one value only, which leaves nothing to explain")
    features = np.column_stack([columns[name] for name in model.names])
    part = np.full(len(features), PARTS.index(TEST), np.int8)
    where = np.column_stack([columns[name] for name in place]) if place else None
    about = {"on": "rows of the file", "target": config.target}
    return Dataset(model.names, features, columns[config.target], where, part), about


def _held_out(model: Any, workspace: Workspace) -> tuple[Dataset, dict[str, Any]]:
    """Return the held-out part with its features in the model's order, and what it is."""
    data, record = build_features.load(workspace)
    data = data.only(TEST)
    missing = [name for name in model.names if name not in data.names]
    if missing:
        raise DataError(f"{workspace.features}: has no {', '.join(map(repr, missing))}, which the bundle wants")
    order = [data.names.index(name) for name in model.names]
    about = {"on": HELD_OUT, "target": record["target"]}
    return Dataset(model.names, data.features[:, order], data.target, data.place, data.part), about


def main(argv: Sequence[str] | None = None) -> int:
    """Run the step by itself."""
    parser = cli.parser("evaluate", __doc__ or "")
    parser.add_argument("--bundle", metavar="WHERE", help="a bundle's folder, or models:/<name>/<version>")
    parser.add_argument("--on", metavar="FILE", help="CSV or Parquet: a path, a URL or s3://bucket/key")
    parser.add_argument("--into", type=Path, metavar="FOLDER", help="default: <output>/evaluations/<name>-<digest>")
    arguments = parser.parse_intermixed_args(argv)
    elsewhere = arguments.bundle or arguments.on

    def step(config: Config, progress: Progress) -> dict[str, Any]:
        if elsewhere:
            return _elsewhere(config, progress, arguments)
        return run(config, progress)

    return cli.work("evaluate", step, arguments)


if __name__ == "__main__":
    sys.exit(main())
