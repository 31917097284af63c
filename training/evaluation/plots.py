"""Draws the plots of an evaluation, without a display."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.data.column import Floats
from training.data.dataset import Dataset
from training.data.split import TEST

BLUE, LIGHT, ORANGE, GREY = "#2b6cb0", "#90cdf4", "#dd6b20", "#718096"
# More do not fit on a plot.
MAX_FEATURES, MAX_REGIONS = 30, 15


def draw(
    folder: Path, test: Dataset, answers: Floats, record: dict[str, Any], history: dict[str, Any] | None
) -> list[Path]:
    """Write each plot that the data allows, and return the paths."""
    figures = {
        "predicted_against_true": _predicted(test.target, answers, record),
        "importance": _importance(record["importance"]),
        "errors_by_group": _groups(record),
    }
    if test.coordinates is not None and (located := ~np.isnan(test.coordinates).any(axis=1)).any():
        figures["residuals_map"] = _map(test.coordinates[located], (answers - test.target)[located], record)
    if history is not None:
        figures["learning_curve"] = _learning(history)
    paths = []
    for name, figure in figures.items():
        paths.append(folder / f"{name}.png")
        figure.savefig(paths[-1], dpi=100)
    return paths


def _figure(width: float, height: float, columns: int = 1) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = list(figure.subplots(1, columns, squeeze=False, sharex=True)[0])
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _predicted(true: Floats, answers: Floats, record: dict[str, Any]) -> Figure:
    figure, [ax] = _figure(7.5, 6.5)
    low, high = float(min(np.min(true), np.min(answers))), float(max(np.max(true), np.max(answers)))
    cells = ax.hexbin(true, answers, gridsize=50, bins="log", mincnt=1, cmap="viridis", extent=(low, high, low, high))
    ax.plot([low, high], [low, high], color=ORANGE, linewidth=1.5, label="predicted = true")
    ax.set(xlabel=f"true {record['target']}", ylabel=f"predicted {record['target']}", aspect="equal")
    ax.set_title(f"Predicted against true, {record['on']}")
    summary = "\n".join(f"{name.upper()} {value:.3f}" for name, value in record["scores"][TEST].items())
    ax.text(0.03, 0.97, summary, transform=ax.transAxes, va="top", bbox={"facecolor": "white", "edgecolor": LIGHT})
    ax.legend(loc="lower right", frameon=False)
    figure.colorbar(cells, ax=ax, label="rows in the cell", shrink=0.85, format="{x:g}")
    return figure


def _map(coordinates: Floats, residuals: Floats, record: dict[str, Any]) -> Figure:
    """Draw the mean error per cell: single points would hide each other in dense areas."""
    figure, [ax] = _figure(7.5, 7.5)
    latitude, longitude = coordinates.T
    cells = ax.hexbin(longitude, latitude, C=residuals, reduce_C_function=np.mean, gridsize=60, mincnt=1, cmap="RdBu_r")
    # A few cells have very large errors. A scale up to those would show all others as white.
    limit = float(np.quantile(np.abs(np.ma.compressed(np.ma.asarray(cells.get_array()))), 0.9)) or 1.0
    cells.set(clim=(-limit, limit), edgecolor=GREY, linewidth=0.2)
    ax.set(xlabel="longitude", ylabel="latitude", title=f"Where predictions are off, {record['on']}")
    ax.set_aspect(1 / np.cos(np.radians(latitude.mean())))
    figure.colorbar(
        cells, ax=ax, extend="both", shrink=0.7, label="mean of predicted minus true (blue: too low, red: too high)"
    )
    return figure


def _importance(importance: dict[str, float]) -> Figure:
    names = sorted(importance, key=importance.__getitem__)[-MAX_FEATURES:]
    figure, [ax] = _figure(7.5, 1.2 + 0.35 * len(names))
    bars = ax.barh(names, [importance[name] for name in names], color=BLUE)
    ax.bar_label(bars, labels=[f"{importance[name]:.1%}" for name in names], padding=3)
    ax.set(
        title="Importance: share of what all splits gained",
        xticks=[],
        xlim=(0, 1.12 * (max(importance.values()) or 1.0)),
    )
    ax.spines["bottom"].set_visible(False)
    ax.margins(y=0.02)
    return figure


def _learning(history: dict[str, Any]) -> Figure:
    figure, [ax] = _figure(7.5, 4.5)
    best = int(np.argmin(history["valid"]))
    for (part, rmse), color in zip(history.items(), (GREY, BLUE), strict=False):
        ax.plot(range(1, len(rmse) + 1), rmse, color=color, label=f"{part}: {rmse[best]:.3f} at the best tree")
    ax.axvline(
        best + 1, color=ORANGE, linestyle="--", linewidth=1, label=f"best on valid: tree {best + 1}, kept up to it"
    )
    ax.set(xlabel="trees", ylabel="RMSE", title="Learning curve", ylim=(0, None), xlim=(0, None))
    ax.legend(frameon=False)
    return figure


def _groups(record: dict[str, Any]) -> Figure:
    deciles, regions = record["deciles"], record["regions"][:MAX_REGIONS]
    groups = [(f"tenth of {record['target']}", [f"{g['from']:.3g} to {g['to']:.3g}" for g in deciles], deciles)]
    if regions:
        groups.append(("region", [f"{g['region']} ({g['rows']:,})" for g in regions], regions))
    figure, axes = _figure(6 * len(groups), 5.2, len(groups))
    for ax, (by, names, rows) in zip(axes, groups, strict=True):
        at = np.arange(len(rows))
        ax.barh(at, [row["rmse"] for row in rows], color=LIGHT, height=0.7, label="RMSE")
        ax.plot([row["bias"] for row in rows], at, "o", color=ORANGE, label="mean error (above 0: too high)")
        ax.axvline(0, color=GREY, linewidth=0.8)
        ax.axvline(record["scores"][TEST]["rmse"], color=GREY, linestyle="--", linewidth=1, label="RMSE of all rows")
        ax.set_yticks(at, names)
        ax.invert_yaxis()
        ax.set(title=f"Error per {by}, {record['on']}", xlabel=f"error, in {record['target']}")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    return figure
