"""Reads the file `MLmodel` of a bundle: the signature, and the name of the file with the trees. The work is bounded.

A small YAML file can cost a lot: a merge key multiplies aliases, nesting overflows the stack. MLflow writes about fifty
values, a few levels deep.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import yaml

# MLflow's classes that predict what the booster predicts; a classifier does not.
MODEL_CLASSES = ("xgboost.core.Booster", "xgboost.sklearn.XGBRegressor")
TYPES = ("double", "float", "long", "integer", "boolean")
DEEPEST = 32
MOST_VALUES = 2_000


class MLmodelError(ValueError):
    """The file is wrong; the message goes after the file's name."""


class Column(NamedTuple):
    """One input; `type` is MLflow's type."""

    name: str
    type: str
    required: bool


class MLmodel(NamedTuple):
    """What serving needs from the file; `data` is the path of the trees within the bundle."""

    inputs: tuple[Column, ...]
    data: str


def read(content: bytes) -> MLmodel:
    """Return the file's signature and trees; raises MLmodelError if they cannot be served."""
    try:
        document = yaml.load(content, Loader=_Loader)  # noqa: S506  # a SafeLoader, with limits
    # ValueError: a number of 5,000 digits, or the 30th of February.
    except (yaml.YAMLError, ValueError) as error:
        raise MLmodelError(f"is not plain YAML: {type(error).__name__}") from error
    if not isinstance(document, dict):
        raise MLmodelError(f"wanted a mapping, got {type(document).__name__}")
    return MLmodel(_inputs(document), _data(document))


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with limits for the number and the depth of values, and without merge keys."""

    def __init__(self, stream: bytes) -> None:
        super().__init__(stream)
        self._values = self._depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        self._values += 1
        self._depth += 1
        if self._values > MOST_VALUES or self._depth > DEEPEST:
            raise yaml.YAMLError(f"more than {MOST_VALUES} values, or nested more than {DEEPEST} deep")
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        if any(key.tag == "tag:yaml.org,2002:merge" for key, _ in node.value):
            raise yaml.YAMLError("a merge key")


def _inputs(document: Mapping[str, Any]) -> tuple[Column, ...]:
    try:
        columns = json.loads(document["signature"]["inputs"])
        inputs = tuple(Column(column["name"], column["type"], column.get("required", True)) for column in columns)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise MLmodelError("wanted a signature with a name and a type for each input") from error
    for name, kind, _ in inputs:
        if not isinstance(name, str):
            raise MLmodelError("wanted a signature whose inputs have names")
        if kind not in TYPES:
            raise MLmodelError(f"input {name!r} has type {_shown(kind)}, wanted one of {', '.join(TYPES)}")
    if not inputs or len({name for name, _, _ in inputs}) != len(inputs):
        raise MLmodelError("wanted at least one input, each name once")
    return inputs


def _data(document: Mapping[str, Any]) -> str:
    flavors = document.get("flavors")
    flavor = flavors.get("xgboost") if isinstance(flavors, dict) else None
    if not isinstance(flavor, dict):
        raise MLmodelError("wanted the xgboost flavor")
    if flavor.get("model_class") not in MODEL_CLASSES:
        raise MLmodelError(
            f"model_class is {_shown(flavor.get('model_class'))}, wanted one of {', '.join(MODEL_CLASSES)}"
        )
    data = flavor.get("data")
    if not isinstance(data, str) or not data.endswith(".ubj"):
        raise MLmodelError(f"the model is {_shown(data)}, wanted XGBoost's UBJSON (*.ubj)")
    return data


def _shown(value: object) -> str:
    """Return a value for a message, shortened: the text of nested aliases may not fit into memory."""
    return ascii(value[:64]) if isinstance(value, str) else type(value).__name__
