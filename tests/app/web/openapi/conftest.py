"""One server of two models: California's, the default, and one with a field of every type."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.app import odd
from tests.app.asgi_client import AsgiClient
from tests.app.conftest import predictions_of
from tests.app.web.openapi.documented import Documented


@pytest.fixture(scope="package")
def odd_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return odd.write(tmp_path_factory.mktemp("odd") / "odd")


@pytest.fixture(scope="package")
def api(bundle: Path, odd_bundle: Path) -> Documented:
    models = predictions_of(("california", "7", bundle), ("odd", "1.2", odd_bundle), max_rows=500)
    return Documented(AsgiClient(models))
