"""tools/local_api.py: where `make serve`, `make dev` and `make mlflow` listen."""

import pytest

from tools import local_api
from workstation.errors import CommandError


@pytest.mark.parametrize("value", ["abc", "-1", "65536", "80 80"])
def test_a_port_that_is_none_is_refused_by_the_name_of_its_variable(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPWAY_PORT", value)
    with pytest.raises(CommandError, match=f"^SLIPWAY_PORT='{value}': wanted a port, a number from 0 to 65535$"):
        local_api.port("SLIPWAY_PORT", 8000)


def test_the_port_that_the_variable_names_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_PORT", "8123")
    assert local_api.port("SLIPWAY_PORT", 8000) == 8123
