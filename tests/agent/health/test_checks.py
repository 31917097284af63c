"""agent/health/checks.py"""

import json
from pathlib import Path

import pytest

from agent.health.checks import Check, read

GATEWAY = {"part": "gateway", "https": "127.0.0.1:443", "name": "x.example.com", "ca": "/ca.crt"}
API = {"part": "api", "container": "api-{link}", "link": "/current"}


def test_each_role_has_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "gateway.json").write_text(json.dumps([{"part": "gateway", "unit": "x.service"}, GATEWAY]))
    (tmp_path / "api.json").write_text(json.dumps([API]))
    assert read(tmp_path) == (
        [
            Check("api", "api", "container", "api-{link}", link="/current"),
            Check("gateway", "gateway", "unit", "x.service"),
            Check("gateway", "gateway", "https", "127.0.0.1:443", name="x.example.com", ca="/ca.crt"),
        ],
        {},
    )


def test_a_host_whose_roles_have_not_run_has_none(tmp_path: Path) -> None:
    assert read(tmp_path / "missing") == ([], {})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "{}",
        "[1]",
        '[{"part": "x"}]',
        '[{"unit": "x"}]',
        '[{"part": "x", "unit": 7}]',
        '[{"part": "x", "unit": "x", "file": "/x"}]',
        '[{"part": "x", "unit": "x", "colour": "red"}]',
    ],
)
def test_a_damaged_file_is_a_problem_of_its_role_and_hides_no_other(tmp_path: Path, text: str) -> None:
    (tmp_path / "api.json").write_text(text)
    (tmp_path / "mlflow.json").write_text(json.dumps([{"part": "mlflow", "container": "mlflow"}]))
    checks, damaged = read(tmp_path)
    assert [check.role for check in checks] == ["mlflow"]
    assert list(damaged) == ["api"]
    assert str(tmp_path / "api.json") in damaged["api"]
