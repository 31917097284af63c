"""Splits rows into train, valid and test by a hash of their features."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from training.data.column import Floats

TRAIN, VALID, TEST = "train", "valid", "test"
PARTS = (TRAIN, VALID, TEST)


def assign(features: Floats, test_share: float, valid_share: float, seed: int) -> npt.NDArray[np.int8]:
    """Return the part of each row, as an index into PARTS.

    The part depends on the row's own values and the seed, not on its position. So adding rows moves no other row from
    the held-out part to the train part, and equal rows stay together.
    """
    key = str(seed).encode()
    # One byte order and one kind of NaN: every machine has to hash the same bytes.
    rows = np.ascontiguousarray(np.where(np.isnan(features), np.nan, features), dtype="<f8")
    hashes = (hashlib.blake2b(row.tobytes(), digest_size=8, key=key).digest() for row in rows)
    at = np.fromiter((int.from_bytes(digest, "big") for digest in hashes), np.uint64, len(rows)) / 2.0**64
    parts = np.where(at < test_share, PARTS.index(TEST), PARTS.index(TRAIN))
    parts[(at >= test_share) & (at < test_share + valid_share)] = PARTS.index(VALID)
    return parts.astype(np.int8)
