"""Trains XGBoost, loads its trees and predicts with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xgboost

from training.config import Config
from training.data.column import Floats
from training.data.dataset import Dataset
from training.data.split import TRAIN, VALID
from training.progress import Progress

REPORT_EVERY_TREES = 25


def parameters(config: Config) -> dict[str, Any]:
    """Return XGBoost's parameters."""
    return {
        "objective": "reg:squarederror",
        "eval_metric": "rmse",
        "tree_method": "hist",
        "learning_rate": config.learning_rate,
        "max_depth": config.max_depth,
        "max_bin": config.max_bin,
        "min_child_weight": config.min_child_weight,
        "subsample": config.subsample,
        "colsample_bytree": config.colsample_bytree,
        "reg_lambda": config.reg_lambda,
        "seed": config.seed,
        "nthread": config.threads,
    }


def fit(config: Config, data: Dataset, progress: Progress) -> tuple[xgboost.Booster, dict[str, list[float]]]:
    """Return the trees up to the best validation score, and the RMSE after each tree."""
    matrices = {part: _matrix(data.only(part), config.threads) for part in (TRAIN, VALID)}
    history: dict[str, Any] = {}
    booster = xgboost.train(
        parameters(config),
        matrices[TRAIN],
        num_boost_round=config.rounds,
        evals=[(matrix, part) for part, matrix in matrices.items()],
        evals_result=history,
        callbacks=[
            xgboost.callback.EarlyStopping(rounds=config.early_stopping_rounds),
            _ReportProgress(progress, config.rounds),
        ],
        verbose_eval=False,
    )
    kept = booster[: booster.best_iteration + 1]
    # Both attributes refer to trees that are no longer in the model.
    kept.set_attr(best_iteration=None, best_score=None)
    return kept, {part: list(history[part]["rmse"]) for part in matrices}


def load(source: Path | bytes) -> xgboost.Booster:
    """Return the trees from a file or from its bytes."""
    return xgboost.Booster(model_file=str(source) if isinstance(source, Path) else bytearray(source))


def predict(booster: xgboost.Booster, names: tuple[str, ...], features: Floats) -> npt.NDArray[np.float32]:
    """Return XGBoost's own predictions, one per row."""
    predictions: npt.NDArray[np.float32] = booster.predict(xgboost.DMatrix(features, feature_names=list(names)))
    return predictions


def importance(booster: xgboost.Booster) -> dict[str, float]:
    """Return each feature's share of the total gain of all splits."""
    gains: dict[str, Any] = booster.get_score(importance_type="total_gain")
    total = sum(gains.values()) or 1.0
    return {name: gains.get(name, 0.0) / total for name in booster.feature_names or []}


def _matrix(data: Dataset, threads: int) -> xgboost.DMatrix:
    return xgboost.DMatrix(data.features, data.target, feature_names=list(data.names), nthread=threads)


class _ReportProgress(xgboost.callback.TrainingCallback):
    """Reports the validation score every few trees."""

    def __init__(self, progress: Progress, rounds: int) -> None:
        self._progress = progress
        self._rounds = rounds

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        """Report, and return False: this callback never stops the training."""
        if (epoch + 1) % REPORT_EVERY_TREES == 0:
            rmse = evals_log[VALID]["rmse"][-1]
            self._progress.say(f"tree {epoch + 1} of at most {self._rounds}: validation RMSE {rmse:.4f}")
        return False
