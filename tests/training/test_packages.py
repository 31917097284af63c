"""The layers of training: the steps import data, evaluation, models and tracking, never the other way round."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from training.__main__ import STEPS
from training.config import ROOT

ABOVE = {f"training.{name}" for name in (*STEPS, "predict", "record", "cli", "__main__")}
MODULES = sorted((ROOT / "training").glob("*/*.py"))


def imported(path: Path) -> set[str]:
    """The modules that a file imports, also inside functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_subpackage_imports_no_step(path: Path) -> None:
    assert not imported(path) & ABOVE
