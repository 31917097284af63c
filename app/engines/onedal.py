"""Gradient-boosted trees on oneDAL: XGBoost's trees, 10 to 20 times as fast for one row, twice as fast for many.

The converter in `daal4py` needs XGBoost, scikit-learn and SciPy in the process (100 MB a worker), so the trees are read
from the UBJSON file instead. Schema: https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

from app.engines import ubjson
from app.engines.engine import EngineError, FloatArray

IDENTITY = {"reg:squarederror", "reg:absoluteerror", "reg:pseudohubererror", "reg:squaredlogerror", "reg:quantileerror"}
LOGISTIC = {"binary:logistic", "reg:logistic"}
# What XGBoost 3 writes for a plain model. Dropout, for instance, adds weights, which this engine does not compute.
PARTS = {"cats", "gbtree_model_param", "iteration_indptr", "tree_info", "trees"}


@cache
def _daal4py() -> Any:
    """Load only daal4py's extension module: the package's `__init__` imports scikit-learn, which is not installed."""
    package = importlib.util.find_spec("daal4py")
    if package is None or not package.submodule_search_locations:
        raise EngineError("daal4py is not installed")
    finder = importlib.machinery.PathFinder.find_spec("_daal4py", list(package.submodule_search_locations))
    if finder is None or finder.loader is None:
        raise EngineError("daal4py has no extension module for this Python")
    module = importlib.util.module_from_spec(finder)
    sys.modules["_daal4py"] = module
    try:
        with _hidden("pandas"):
            finder.loader.exec_module(module)
    except ImportError as error:
        raise EngineError(f"daal4py cannot be loaded: {error}") from error
    # One thread: the workers are the parallelism, as with OMP_NUM_THREADS=1.
    module.daalinit(1)
    return module


@contextmanager
def _hidden(name: str) -> Iterator[None]:
    """Make imports of `name` fail: daal4py imports pandas if it is installed, a second and 60 MB for nothing."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]  # Python's way to mark a module as missing
    try:
        yield
    finally:
        del sys.modules[name]


class OneDAL:
    """A regression or binary model of XGBoost's `gbtree` with numeric splits.

    Raises EngineError for any other booster, categorical splits, several outputs or another link function.
    """

    name = "onedal"

    def __init__(self, model: bytes) -> None:
        self._daal = _daal4py()
        self._own = threading.local()
        try:
            learner = ubjson.loads(model)["learner"]
            self._logistic = _link(learner)
            self._model = self._build(learner)
        except (AttributeError, KeyError, TypeError, IndexError, ValueError) as error:
            raise EngineError(f"the model's file is not one that XGBoost saved: {error!r}") from error

    def _build(self, learner: dict[str, Any]) -> Any:
        trees = learner["gradient_booster"]["model"]["trees"]
        parameters = learner["learner_model_param"]
        features = int(parameters["num_feature"])
        builder = self._daal.gbt_reg_model_builder(n_features=features, n_iterations=len(trees))
        for i, tree in enumerate(trees):
            _add(builder, tree, _checked(tree, i, features))
        score = float(parameters["base_score"].strip("[]"))
        return builder.model(base_score=float(np.log(score / (1 - score))) if self._logistic else score)

    def predict(self, rows: FloatArray) -> FloatArray:
        algorithm = self._single() if len(rows) == 1 else self._algorithm()
        # A copy: an algorithm that is used again writes its next answers to the same memory.
        answers = algorithm.compute(rows, self._model).prediction.astype(np.float32).ravel()
        return 1 / (1 + np.exp(-answers)) if self._logistic else answers  # type: ignore[no-any-return]

    def _algorithm(self) -> Any:
        return self._daal.gbt_regression_prediction(fptype="float")

    def _single(self) -> Any:
        """Return this thread's algorithm for one row, because making one costs as much as the prediction."""
        try:
            return self._own.single
        except AttributeError:
            self._own.single = self._algorithm()
            return self._own.single


def _link(learner: dict[str, Any]) -> bool:
    """Return whether the answer is the logistic function of the trees' sum instead of the sum itself."""
    parameters, objective = learner["learner_model_param"], learner["objective"]["name"]
    if learner["gradient_booster"]["name"] != "gbtree":
        raise EngineError(f"booster {learner['gradient_booster']['name']!r}, wanted gbtree")
    if unknown := sorted(set(learner["gradient_booster"]["model"]) - PARTS):
        raise EngineError(f"the model has {', '.join(unknown)}, which this engine does not compute")
    if int(parameters["num_class"]) > 1 or int(parameters["num_target"]) > 1:
        raise EngineError("the model has several outputs")
    if objective not in IDENTITY | LOGISTIC:
        raise EngineError(f"objective {objective!r} has a link that this engine does not compute")
    return objective in LOGISTIC


def _add(builder: Any, tree: dict[str, Any], count: int) -> None:
    """Add a tree with `count` nodes from the root down: oneDAL needs a parent before its children."""
    if tree["split_type"].any():
        raise EngineError("the model has categorical splits")
    left, right, field = (tree[key].tolist() for key in ("left_children", "right_children", "split_indices"))
    values, cover, default_left = (tree[key].tolist() for key in ("split_conditions", "sum_hessian", "default_left"))
    # XGBoost goes left below the threshold, oneDAL at or below it: the next lower float32 makes them equal.
    thresholds = np.nextafter(tree["split_conditions"], np.float32(-np.inf)).tolist()
    # Pruning leaves nodes that no branch leads to. If `count` included them, oneDAL would corrupt the heap.
    identity = builder.create_tree(count)
    waiting: list[tuple[int, dict[str, int]]] = [(0, {})]
    while waiting:
        node, position = waiting.pop()
        if left[node] == -1:
            builder.add_leaf(tree_id=identity, response=values[node], cover=cover[node], **position)
            continue
        parent = builder.add_split(
            tree_id=identity,
            feature_index=field[node],
            feature_value=thresholds[node],
            default_left=default_left[node],
            cover=cover[node],
            **position,
        )
        waiting.append((left[node], {"parent_id": parent, "position": 0}))
        waiting.append((right[node], {"parent_id": parent, "position": 1}))


def _checked(tree: dict[str, Any], number: int, features: int) -> int:
    """Return how many nodes the branches lead to; raises EngineError for a cycle or a feature that does not exist."""
    left, right, field = (tree[key].tolist() for key in ("left_children", "right_children", "split_indices"))
    count, waiting = 0, [0]
    while waiting:
        node = waiting.pop()
        count += 1
        if count > len(left):
            raise EngineError(f"tree {number} contains a cycle")
        if left[node] == -1:
            continue
        if not 0 <= field[node] < features:
            raise EngineError(f"tree {number} splits on a feature beyond the model's {features}")
        waiting += [left[node], right[node]]
    return count
