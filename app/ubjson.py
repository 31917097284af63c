"""Reads UBJSON (ubjson.org, draft 12) as XGBoost writes it, with typed arrays as NumPy arrays.

The published readers give a typed array element by element or in the wrong byte order, and XGBoost's own comes
with the 45 MB of its package in each worker.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

SCALARS = {"i": ">i1", "U": ">u1", "I": ">i2", "l": ">i4", "L": ">i8", "d": ">f4", "D": ">f8"}
CONSTANTS = {"Z": None, "T": True, "F": False}
FORMATS = {"i": ">b", "U": ">B", "I": ">h", "l": ">i", "L": ">q", "d": ">f", "D": ">d"}
DEEPEST = 64


class UbjsonError(ValueError):
    """Not UBJSON, or a part of it that XGBoost does not write; the message gives the byte."""


def loads(data: bytes) -> Any:
    """Return the document: objects as dict, plain arrays as list, typed ones as a native-endian 1-D array."""
    try:
        return _Reader(data).value(DEEPEST)
    except UbjsonError:
        raise
    except (struct.error, IndexError, ValueError) as error:
        raise UbjsonError("ends in the middle of a value, or is not UBJSON") from error


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def marker(self) -> str:
        self.at += 1
        return chr(self.data[self.at - 1])

    def peek(self) -> str:
        return chr(self.data[self.at])

    def scalar(self, marker: str) -> Any:
        form = FORMATS[marker]
        (value,) = struct.unpack_from(form, self.data, self.at)
        self.at += struct.calcsize(form)
        return value

    def count(self) -> int:
        marker = self.marker()
        length = self.scalar(marker) if marker in "iUIlL" else -1
        if not 0 <= length <= len(self.data):
            raise UbjsonError(f"byte {self.at}: wanted a length")
        return int(length)

    def text(self) -> str:
        length = self.count()
        self.at += length
        if self.at > len(self.data):
            raise UbjsonError(f"byte {self.at}: a text runs past the end")
        return self.data[self.at - length : self.at].decode()

    def value(self, depth: int, marker: str | None = None) -> Any:
        marker = marker or self.marker()
        if marker in FORMATS:
            return self.scalar(marker)
        if marker == "S":
            return self.text()
        if marker in CONSTANTS:
            return CONSTANTS[marker]
        if marker in "[{" and depth:
            return self.array(depth) if marker == "[" else self.object(depth)
        raise UbjsonError(f"byte {self.at}: marker {marker!r} is not known here, or is too deep")

    def header(self) -> tuple[str | None, int | None]:
        """Return the type and the count that a container may state up front."""
        kind = None
        if self.peek() == "$":
            self.at += 1
            kind = self.marker()
        if self.peek() != "#":
            return kind, None
        self.at += 1
        return kind, self.count()

    def array(self, depth: int) -> Any:
        kind, count = self.header()
        if kind in SCALARS and count is not None:
            items = np.frombuffer(self.data, SCALARS[kind], count, self.at) if count else np.empty(0, SCALARS[kind])
            self.at += items.nbytes
            return items.astype(items.dtype.newbyteorder("="))
        values: list[Any] = []
        while (count is None and self.peek() != "]") or (count is not None and len(values) < count):
            values.append(self.value(depth - 1, kind))
        self.at += count is None
        return values

    def object(self, depth: int) -> dict[str, Any]:
        kind, count = self.header()
        found: dict[str, Any] = {}
        while (count is None and self.peek() != "}") or (count is not None and len(found) < count):
            name = self.text()
            found[name] = self.value(depth - 1, kind)
        self.at += count is None
        return found
