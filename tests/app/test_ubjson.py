from __future__ import annotations

import json
import struct

import numpy as np
import pytest

from app import ubjson
from app.ubjson import UbjsonError
from tests.app import bundles


def test_it_reads_a_model_as_xgboost_s_own_json_says_it() -> None:
    booster = bundles.train(*bundles.california())
    read = ubjson.loads(bytes(booster.save_raw("ubj")))
    told = json.loads(bytes(booster.save_raw("json")))
    assert read["version"] == told["version"]
    trees, wanted = (model["learner"]["gradient_booster"]["model"]["trees"] for model in (read, told))
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
    "data", [b"", b"[", b"Si\x05ab", b"?", b"[" * 500, b"[$d#l\x7f\xff\xff\xff", b"Si\xff", b"{i\x01a"]
)
def test_garbage_is_an_error_of_its_own(data: bytes) -> None:
    with pytest.raises(UbjsonError):
        ubjson.loads(data)


def test_every_cut_of_a_model_is_an_error() -> None:
    data = bytes(bundles.train(*bundles.california(rows=60), trees=2).save_raw("ubj"))
    for end in range(0, len(data) - 1, 97):
        with pytest.raises(UbjsonError):
            ubjson.loads(data[:end])
