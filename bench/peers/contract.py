"""The input checks as a FastAPI programmer writes them: a pydantic model made from the signature."""

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, create_model

from bench.bundle import Field as ModelField

MAX_ROWS = 10_000
FLOAT32_MAX = float(np.finfo(np.float32).max)
# Strict takes integers for floats, and refuses text and booleans.
Number = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-FLOAT32_MAX, le=FLOAT32_MAX)]


def rows_model(fields: Sequence[ModelField]) -> type[BaseModel]:
    """Return a model of `{"features": [[...]]}` with a tuple per row, which pydantic checks fastest and by position."""
    # A type made at run time is more than the annotation's syntax can say, so mypy takes it as Any.
    columns = tuple(Number | None if field.nullable else Number for field in fields)
    row: Any = tuple[columns]  # type: ignore[valid-type]
    return create_model(
        "Rows",
        __config__=ConfigDict(extra="forbid"),
        features=(Annotated[list[row], Field(min_length=1, max_length=MAX_ROWS)], ...),
    )
