"""The agent gets a role's checks whole, or none."""

import json
from pathlib import Path

import pytest

from agent.health.checks import Check, read
from plugins.module_utils.slipway import files
from plugins.modules import slipway_health

CHECKS = [{"part": "gateway", "unit": "haproxy.service"}]
TEXT = json.dumps(CHECKS)


def test_the_agent_reads_what_a_role_wrote(tmp_path: Path) -> None:
    path = tmp_path / "health.d" / "gateway.json"
    slipway_health.write(str(path), TEXT)
    assert files.read(str(path)) == TEXT
    assert read(path.parent) == ([Check("gateway", "gateway", "unit", "haproxy.service")], {})
    assert path.stat().st_mode & 0o777 == 0o644
    assert [each.name for each in path.parent.iterdir()] == ["gateway.json"]


def test_a_role_that_has_nothing_running_has_no_file(tmp_path: Path) -> None:
    path = tmp_path / "gateway.json"
    slipway_health.write(str(path), TEXT)
    slipway_health.write(str(path), "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe"])
def test_a_damaged_file_is_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "gateway.json"
    path.write_bytes(content)
    assert files.read(str(path)) != TEXT
    slipway_health.write(str(path), TEXT)
    assert path.read_text() == TEXT
