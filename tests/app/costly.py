"""Bodies made to cost time or memory, for each request format: what a hostile client sends, and the largest legal ones.

Each is made to be about as long as it is asked to be.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from app.prediction.request_info import CSV, JSON
from tests.app.encodings import INFER, NAMES

ROW = "1,1,1,1,1,1,1,1"
HEADER = ",".join(NAMES)
COLUMNS = ",".join(f'"{name}"' for name in NAMES)
RECORD = ",".join(f'"{name}":1' for name in NAMES)
TENSOR = '{"name":"a","shape":[1],"datatype":"FP64","data":[1]}'
MATRIX = '{"inputs":[{"name":"features","shape":[%s,8],"datatype":"FP64","data":[...]}]}'
MAX_ROWS = 50_000


class Costly(NamedTuple):
    """A body of one format; `make` takes the bytes that it may have."""

    path: str
    content_type: str
    make: Callable[[int], str]


def many(text: str, size: int, separator: str = ",") -> str:
    """Return the text, separated, as often as it fits."""
    return separator.join([text] * (size // (len(text.encode()) + len(separator))))


def numbered(text: str, size: int, last: int | None = None) -> str:
    """Return the text with a number for its `#`, another one each time, the last as told."""
    count = size // (len(text) + 6)
    return ",".join(text.replace("#", f"{i:x}") for i in [*range(count), count if last is None else last])


def filled(template: str, fill: Callable[[int], str]) -> Callable[[int], str]:
    """Return what makes the template with a filling of the size asked for where it has three dots."""
    return lambda size: template.replace("...", fill(size))


def repeated(template: str, text: str) -> Callable[[int], str]:
    return filled(template, lambda size: many(text, size))


def rows(text: str, size: int, separator: str = ",") -> str:
    """Return as many rows as one request may have, each as long as that allows, of numbers with many digits."""
    count = min(MAX_ROWS, size // 40)
    digits = max(1, size // count // 8 - 4)
    return separator.join([text.replace("1", "0." + "7" * digits)] * count)


def columns(size: int) -> str:
    return ",".join(f'"{name}":[{many("1", size // 8)}]' for name in NAMES)


def records(size: int) -> str:
    return many("{" + RECORD + "}", min(size, MAX_ROWS * (len(RECORD) + 3)))


def nested(size: int) -> str:
    """Return V2's inputs, each with a one-value array a row."""
    count = min(MAX_ROWS, size // 8 // 4)
    values = many("[1]", count * 4)
    return ",".join(f'{{"name":"{name}","shape":[{count},1],"datatype":"FP64","data":[{values}]}}' for name in NAMES)


# What stands where cells, rows, fields and members are: of any kind and in any number.
FILLINGS: dict[str, Callable[[int], str]] = {
    "integers": lambda size: many("1", size),
    "large integers": lambda size: many("1234567890123456", size),
    "as many integers as there may be": lambda size: many("1234567", size),
    "as many texts as there may be": lambda size: numbered('"#"', size),
    "integers beyond 64 bits": lambda size: many("1" * 25, size),
    "fractions": lambda size: many("1.5", size),
    "nulls": lambda size: many("null", size),
    "words for no number": lambda size: many("NaN", size),
    "empty texts": lambda size: many('""', size),
    "texts": lambda size: numbered('"text#"', size),
    "texts beyond Latin": lambda size: many('"😀"', size),
    "escaped texts": lambda size: many('"\\n"', size),
    "a long text": lambda size: '"' + "a" * (size - 8) + '😀"',
    "a long escaped text": lambda size: '"' + "ab\\n" * (size // 4) + '"',
    "empty arrays": lambda size: many("[]", size),
    "nested arrays": lambda size: many("[[[]]]", size),
    "deep arrays": lambda size: many("[" * 900 + "]" * 900, size),
    "arrays without end": lambda size: "[" * size,
    "empty objects": lambda size: many("{}", size),
    "objects": lambda size: numbered('{"#":1}', size),
    "deep objects": lambda size: many('{"a":' * 900 + "1" + "}" * 900, size),
    "digits of an integer": lambda size: "1" * size,
    "digits of a fraction": lambda size: "0." + "1" * size,
    "a digit and zeros": lambda size: "1" + "0" * size + "e-5",
    "rows": lambda size: rows(f"[{ROW}]", size),
    "many rows": lambda size: many(f"[{ROW}]", size),
}
MEMBERS: dict[str, Callable[[int], str]] = {
    "unknown names": lambda size: numbered('"#":1', size),
    "a name given twice at the end": lambda size: numbered('"#":1', size, 7),
    "a long name": lambda size: f'"{"MedInc" * (size // 6)}":[1]',
    "long names": lambda size: many(f'"{"a" * 10_000}":1', size),
}
TEMPLATES = {
    "/predict": ['{"features":[...]}', '{"features":[[...]]}', '{"MedInc":[...]}', "[...]", "..."],
    "/invocations": [
        '{"instances":[...]}',
        '{"instances":[[...]]}',
        '{"inputs":{"MedInc":[...]}}',
        '{"dataframe_records":[...]}',
        f'{{"dataframe_split":{{"columns":[{COLUMNS}],"index":[...],"data":[]}}}}',
        '{"dataframe_split":{"columns":[...],"data":[]}}',
    ],
    INFER: [
        MATRIX % 1,
        '{"inputs":[...]}',
        '{"inputs":[],"outputs":[...]}',
        '{"inputs":[{"name":"a","shape":[...],"datatype":"FP64","data":[1]}]}',
        '{"inputs":[{"name":"a","shape":[1],"datatype":"FP64","parameters":{"a":[...]},"data":[1]}]}',
        '{"id":...,"inputs":[]}',
    ],
}
OBJECTS = {
    "/predict": ["{...}"],
    "/invocations": ["{...}", '{"inputs":{...}}', '{"dataframe_records":[{...}]}', '{"params":{...}}'],
    INFER: ["{...}", '{"inputs":[{...}]}', '{"parameters":{...},"inputs":[]}'],
}
SPECIAL = {
    "columns": Costly("/predict", JSON, filled("{...}", columns)),
    "columns as inputs": Costly("/invocations", JSON, filled('{"inputs":{...}}', columns)),
    "records": Costly("/invocations", JSON, filled('{"dataframe_records":[...]}', records)),
    "reordered": Costly(
        "/invocations",
        JSON,
        filled(
            f'{{"dataframe_split":{{"columns":[{",".join(reversed(COLUMNS.split(",")))}],"data":[...]}}}}',
            lambda size: rows(f"[{ROW}]", size),
        ),
    ),
    "tensors": Costly(INFER, JSON, repeated('{"inputs":[...]}', TENSOR)),
    "nested tensors": Costly(INFER, JSON, filled('{"inputs":[...]}', nested)),
    "outputs": Costly(INFER, JSON, repeated('{"inputs":[],"outputs":[...]}', '{"name":"predictions"}')),
    "a dimension": Costly(INFER, JSON, lambda size: (MATRIX % ("9" * size)).replace("...", ROW)),
}
CSVS: dict[str, Callable[[int], str]] = {
    "rows": lambda size: HEADER + "\n" + rows(ROW, size, "\n"),
    "many rows": lambda size: HEADER + f"\n{ROW}" * (size // 16),
    "empty cells": lambda size: HEADER + "\n,,,,,,," * (size // 8),
    "short rows": lambda size: HEADER + "\n1" * (size // 2),
    "columns": lambda size: many("a", size),
    "cells in a row": lambda size: f"{HEADER}\n{many('22', size)}",
    "empty lines": lambda size: HEADER + "\n" * size,
    "returns": lambda size: HEADER + "\r" * size,
    "digits and a letter": lambda size: f"{HEADER}\n{'1' * min(size, 130_000)}x,1,1,1,1,1,1,1\n",
    "digits in a cell": lambda size: f"{HEADER}\n{'1' * min(size, 130_000)},1,1,1,1,1,1,1\n",
    "quotes": lambda size: HEADER + "\n" + '""' * (size // 2),
    "quoted cells": lambda size: HEADER + "\n" + many('"1"', size),
    "a quote without end": lambda size: f'{HEADER}\n"{"1" * size}',
    "beyond Latin": lambda size: HEADER + "\n" + many("😀", size),
    "rows beyond Latin": lambda size: HEADER + "\n" + many("😀" + ",1" * 7, size, "\n"),
    "one line": lambda size: "1" * size,
}

# A filling of each kind in one place, and some of the fillings in all places.
SOME = ("large integers", "texts", "empty arrays", "objects")
BODIES = {
    **{
        f"{path} {template} {name}": Costly(path, JSON, filled(template, FILLINGS[name]))
        for path, templates in TEMPLATES.items()
        for i, template in enumerate(templates)
        for name in (SOME if i else FILLINGS)
    },
    **{
        f"{path} {template} {name}": Costly(path, JSON, filled(template, fill))
        for path, templates in OBJECTS.items()
        for template in templates
        for name, fill in MEMBERS.items()
    },
    **SPECIAL,
    **{f"csv {name}": Costly("/invocations", CSV, make) for name, make in CSVS.items()},
}
