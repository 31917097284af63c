"""Reads UBJSON (ubjson.org, draft 12) as XGBoost writes it, with typed arrays as NumPy arrays.

The published readers return typed arrays element by element or in the wrong byte order, and XGBoost's own reader needs
the 45 MB of its package in each worker.

Time and memory are proportional to the size of the file, whatever it holds: every value takes at least a byte, a length
is at most the rest of the file, and nesting is limited.
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
    """The file is not UBJSON, or uses a part of it that XGBoost does not write; the message names the byte."""


def loads(data: bytes) -> Any:
    """Return the value in `data`: objects as dict, plain arrays as list, typed arrays as native-endian 1-D arrays."""
    reader = _Reader(data)
    try:
        document = reader.value(DEEPEST)
    except UbjsonError:
        raise
    except (struct.error, IndexError, ValueError) as error:
        raise UbjsonError("ends in the middle of a value, or is not UBJSON") from error
    if reader.at != len(data):
        raise UbjsonError(f"byte {reader.at}: wanted the end of the file, {len(data) - reader.at} bytes follow")
    return document


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
        """Return the length of a text in bytes, or of a container in values, each of which takes at least a byte."""
        marker = self.marker()
        length = self.scalar(marker) if marker in "iUIlL" else -1
        if not 0 <= length <= len(self.data) - self.at:
            raise UbjsonError(f"byte {self.at}: wanted a length that fits what is left of the file")
        return int(length)

    def text(self) -> str:
        length = self.count()
        self.at += length
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
        raise UbjsonError(f"byte {self.at}: the marker {marker!r} is unknown, or nested more than {DEEPEST} deep")

    def header(self) -> tuple[str | None, int | None]:
        """Return the type and the count with which a container may begin."""
        kind = None
        if self.peek() == "$":
            self.at += 1
            kind = self.marker()
            # A constant in a typed container takes no bytes, so nothing would limit how many there are.
            if kind in CONSTANTS or self.peek() != "#":
                raise UbjsonError(f"byte {self.at}: wanted a count, of a type whose values take bytes")
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
        if count is not None:
            return [self.value(depth - 1, kind) for _ in range(count)]
        values: list[Any] = []
        while self.peek() != "]":
            values.append(self.value(depth - 1))
        self.at += 1
        return values

    def object(self, depth: int) -> dict[str, Any]:
        kind, count = self.header()
        found: dict[str, Any] = {}
        if count is not None:
            for _ in range(count):
                self.member(found, depth, kind)
            return found
        while self.peek() != "}":
            self.member(found, depth, None)
        self.at += 1
        return found

    def member(self, found: dict[str, Any], depth: int, kind: str | None) -> None:
        name = self.text()
        if name in found:
            raise UbjsonError(f"byte {self.at}: an object has the same name twice")
        found[name] = self.value(depth - 1, kind)
