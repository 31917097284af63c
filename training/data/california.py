"""Downloads California Housing with scikit-learn."""

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
    """Return the columns, from scikit-learn's cache if it has them. Raises DataError if the download fails."""
    # It takes a second to import, and a training on other data does not need it.
    from sklearn.datasets import fetch_california_housing

    try:
        with _socket_timeout(), warnings.catch_warnings():
            # It warns before each retry; the error below is enough.
            warnings.simplefilter("ignore")
            housing = fetch_california_housing(n_retries=1, delay=0.5)
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise DataError(f"DATA is not set, and {SOURCE} could not be downloaded ({reason})") from error
    columns = {name: np.asarray(housing.data[:, index], float) for index, name in enumerate(housing.feature_names)}
    return columns | {"MedHouseVal": np.asarray(housing.target, float)}


@contextmanager
def _socket_timeout() -> Iterator[None]:
    """Limit the wait for a server that never answers: scikit-learn has no setting for it."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
