from __future__ import annotations

import json
import struct
import sys
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines import ubjson
from app.engines.ubjson import UbjsonError
from tests.app import bundles


def test_it_reads_a_model_as_xgboost_s_own_json_says_it() -> None:
    booster = bundles.train(*bundles.california())
    read = ubjson.loads(bytes(booster.save_raw("ubj")))
    written = json.loads(bytes(booster.save_raw("json")))
    assert read["version"] == written["version"]
    trees, wanted = (model["learner"]["gradient_booster"]["model"]["trees"] for model in (read, written))
    assert len(trees) == len(wanted) == 20
    for tree, other in zip(trees, wanted, strict=True):
        assert tree["left_children"].tolist() == other["left_children"]
        np.testing.assert_array_equal(tree["split_conditions"], np.array(other["split_conditions"], dtype=np.float32))


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (b"Z", None),
        (b"T", True),
        (b"i\xff", -1),
        (b"U\xff", 255),
        (b"L" + struct.pack(">q", -(2**40)), -(2**40)),
        (b"D" + struct.pack(">d", 0.1), 0.1),
        (b"Si\x02\xc3\xa9", "é"),
        (b"[i\x01SU\x01a]", [1, "a"]),
        (b"[#i\x02i\x01i\x02", [1, 2]),
        (b"{i\x01ai\x01i\x01b[]}", {"a": 1, "b": []}),
        (b"{#i\x01i\x01aT", {"a": True}),
    ],
)
def test_it_reads_each_kind_of_value(data: bytes, wanted: object) -> None:
    assert ubjson.loads(data) == wanted


def test_a_typed_array_comes_as_numpy_in_native_order() -> None:
    read = ubjson.loads(b"[$d#i\x02" + struct.pack(">ff", 1.5, -2.5))
    assert read.dtype == np.float32
    assert read.dtype.isnative
    assert read.tolist() == [1.5, -2.5]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[",
        b"Si\x05ab",
        b"?",
        b"[" * 500,
        b"[$[#i\x01" * 500,
        b"[$d#l\x7f\xff\xff\xff",
        b"[#L\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"[#i\xff",
        b"[$d",
        b"[$di\x01",
        b"[$Z#i\x02",
        b"{$T#i\x01i\x01a",
        b"Si\xff",
        b"{i\x01a",
        b"{i\x01aTi\x01aT}",
        b"{#i\x02i\x01aTi\x01aT",
        b"TT",
    ],
)
def test_garbage_is_an_error_of_its_own(data: bytes) -> None:
    with pytest.raises(UbjsonError):
        ubjson.loads(data)


def test_every_cut_of_a_model_is_an_error() -> None:
    data = bytes(bundles.train(*bundles.california(rows=60), trees=2).save_raw("ubj"))
    for end in range(0, len(data) - 1, 97):
        with pytest.raises(UbjsonError):
            ubjson.loads(data[:end])


def bombs(size: int) -> dict[str, bytes]:
    """Files of about `size` bytes that say much in few bytes, or try to."""
    count = struct.pack(">h", min(size, 2**15) // 2)
    return {
        "constants that take no byte": b"[" + (b"[$Z#I" + count) * (size // 7) + b"]",
        "one of them": b"[$[#I" + count + (b"$N#I" + count) * (size // 6),
        "members that take no byte": b"[" + (b"{$T#I" + count + b"i\x00") * (size // 9) + b"]",
        "the same name": b"{#I" + count + b"i\x00Z" * (size // 3),
        "empty objects": b"[" + b"{}" * (size // 2) + b"]",
        "empty arrays": b"[$[#I" + count + b"]" * size,
        "empty typed arrays": b"[" + b"[$d#i\x00" * (size // 6) + b"]",
        "more than there is": b"[" + b"[#I\x7f\xff" * (size // 5) + b"]",
        "typed, more than there is": b"[" + b"[$D#l\x7f\xff\xff\xff" * (size // 9) + b"]",
        "deep": b"[" * size,
        "nulls": b"[" + b"Z" * size + b"]",
    }


@pytest.mark.parametrize("bomb", bombs(9))
@pytest.mark.parametrize("size", [2_000, 22_000])
def test_work_and_memory_are_bounded_by_the_size_of_the_file(bomb: str, size: int) -> None:
    data, calls = bombs(size)[bomb], 0

    def called(frame: Any, event: str, argument: Any) -> None:
        nonlocal calls
        calls += event == "call"

    tracemalloc.start()
    sys.setprofile(called)
    try:
        ubjson.loads(data)
    except UbjsonError:
        pass  # Some are none; what counts is what it took to tell.
    finally:
        sys.setprofile(None)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert calls <= 5 * len(data) + 100
    assert peak <= 100 * len(data) + 20_000


def test_a_typed_array_of_a_crafted_file_takes_no_more_than_the_file() -> None:
    """22 kB that took 9.5 s and 463 MB: each six bytes announced a list of thousands of nulls."""
    with pytest.raises(UbjsonError, match="of a type whose values take bytes"):
        ubjson.loads(b"[" + b"[$Z#I\x40\x00" * 3_000 + b"]")


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=5),
)


@st.composite
def files(draw: st.DrawFn) -> tuple[Any, bytes]:
    """A value, and one of the ways to write it."""

    def number(value: int) -> bytes:
        fits = [
            kind
            for kind in "iUIlL"
            if np.iinfo(ubjson.SCALARS[kind]).min <= value <= np.iinfo(ubjson.SCALARS[kind]).max
        ]
        kind = draw(st.sampled_from(fits))
        return kind.encode() + struct.pack(ubjson.FORMATS[kind], value)

    def text(value: str) -> bytes:
        return number(len(value.encode())) + value.encode()

    def write(value: Any) -> bytes:
        if value is None or isinstance(value, bool):
            return {None: b"Z", True: b"T", False: b"F"}[value]
        if isinstance(value, int):
            return number(value)
        if isinstance(value, float):
            return b"D" + struct.pack(">d", value)
        if isinstance(value, str):
            return b"S" + text(value)
        first, last = (b"[", b"]") if isinstance(value, list) else (b"{", b"}")
        parts = map(write, value) if isinstance(value, list) else (text(key) + write(one) for key, one in value.items())
        inside = b"".join(parts)
        return first + b"#" + number(len(value)) + inside if draw(st.booleans()) else first + inside + last

    value = draw(values)
    return value, write(value)


@given(files())
def test_it_reads_what_a_plain_writer_wrote(file: tuple[Any, bytes]) -> None:
    value, data = file
    assert ubjson.loads(data) == value


@given(files(), st.data())
def test_a_changed_file_is_read_or_refused_and_nothing_else(file: tuple[Any, bytes], data: st.DataObject) -> None:
    changed = bytearray(file[1])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(changed) - 1))
        changed[at : at + data.draw(st.integers(0, 2))] = data.draw(
            st.binary(max_size=6) | st.sampled_from([b"[$Z#", b"#L", b"[$d#l"])
        )
        changed = changed or bytearray(b"Z")
    try:
        ubjson.loads(bytes(changed))
    except UbjsonError as error:
        assert str(error)  # noqa: PT017  # any other exception fails the test
