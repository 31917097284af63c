"""The download of California Housing."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from urllib.error import URLError

import numpy as np
import pytest
import sklearn.datasets

from training.config import Config
from training.data import california
from training.errors import DataError


def test_the_columns_are_those_that_the_settings_name(monkeypatch: pytest.MonkeyPatch) -> None:
    names = list(Config().features)
    housing = SimpleNamespace(data=np.arange(16.0).reshape(2, 8), target=np.array([1.0, 2.0]), feature_names=names)
    monkeypatch.setattr(sklearn.datasets, "fetch_california_housing", lambda **_: housing)
    columns = california.download()
    assert list(columns) == [*names, Config().target]
    assert columns["Longitude"].tolist() == [7.0, 15.0]


def test_a_failed_download_says_why_and_leaves_the_sockets_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        assert socket.getdefaulttimeout() == california.TIMEOUT_SECONDS
        raise URLError("no route")

    monkeypatch.setattr(sklearn.datasets, "fetch_california_housing", fail)
    before = socket.getdefaulttimeout()
    with pytest.raises(DataError, match=r"DATA is not set, and .* could not be downloaded \(no route\)"):
        california.download()
    assert socket.getdefaulttimeout() == before
