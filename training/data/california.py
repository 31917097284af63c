"""California Housing as scikit-learn downloads it."""

from __future__ import annotations

import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from training.data.column import Floats
from training.errors import DataError

SOURCE = "scikit-learn's California Housing"
TIMEOUT_SECONDS = 15.0


def download() -> dict[str, Floats]:
    """Return the columns, from scikit-learn's cache where it has them. Raises DataError where it can't be had."""
    # It takes a second to import, and whoever brings their own data never needs it.
    from sklearn.datasets import fetch_california_housing

    try:
        with _patience(), warnings.catch_warnings():
            # It warns of its retry; the error below says what there is to say.
            warnings.simplefilter("ignore")
            housing = fetch_california_housing(n_retries=1, delay=0.5)
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise DataError(f"no DATA= is given, and {SOURCE} can't be downloaded ({reason})") from error
    columns = {name: np.asarray(housing.data[:, index], float) for index, name in enumerate(housing.feature_names)}
    return columns | {"MedHouseVal": np.asarray(housing.target, float)}


@contextmanager
def _patience() -> Iterator[None]:
    """Bound the wait for a server that never answers; scikit-learn has no setting for it."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
