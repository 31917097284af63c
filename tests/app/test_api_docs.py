"""docs/api.md: runs its examples and compares its tables with the server."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.metrics import FAST_PATH_EXITS
from app.problem import STATUS
from tests.app.asgi_client import AsgiClient
from tests.app.conftest import ROOT, Server
from tests.app.web.openapi.documented import Documented

TEXT = (ROOT / "docs" / "api.md").read_text()
ADDRESS = "http://localhost:8000"
EXAMPLES = re.findall(r"```sh\n(curl .*?)\n```\n```json\n(.*?)\n```", TEXT, re.DOTALL)


def table(heading: str) -> list[list[str]]:
    """Return the cells of the table under `heading`, without its head."""
    section = re.split(rf"^#+ {heading}$", TEXT, flags=re.MULTILINE)[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


@pytest.fixture(scope="module")
def server(bundle: Path) -> Iterator[Server]:
    running = Server({"SLIPWAY_MODELS": f"california@7={bundle}", "SLIPWAY_WORKERS": "1"})
    yield running
    running.stop()


def without_numbers(answer: Any) -> Any:
    """Return the answer with its predictions, which depend on the model, reduced to their kind."""
    if isinstance(answer, dict):
        return {key: without_numbers(value) for key, value in answer.items()}
    if isinstance(answer, list):
        return [without_numbers(value) for value in answer]
    return float if isinstance(answer, float) else answer


@pytest.mark.slow  # needs curl
@pytest.mark.parametrize(("command", "answer"), EXAMPLES)
def test_each_command_gets_the_answer_that_follows_it(server: Server, command: str, answer: str) -> None:
    line = command.replace(ADDRESS, server.url)
    done = subprocess.run(["sh", "-c", f"{line} --silent"], capture_output=True, text=True, check=True)
    assert without_numbers(json.loads(done.stdout)) == without_numbers(json.loads(answer))


def test_each_command_is_followed_by_its_answer() -> None:
    assert len(EXAMPLES) == TEXT.count("```sh")


def test_names_each_code_with_its_status() -> None:
    documented = {
        code: int(status) for status, codes in table("Errors") for code in names(codes) if code != "retry-after"
    }
    assert documented == STATUS


def test_names_each_metric(client: AsgiClient) -> None:
    exported = set(re.findall(r"^# TYPE (\w+)", client.get("/metrics").text, re.MULTILINE))
    assert {name for first, *_ in table("Metrics") for name in names(first)} == {
        name for name in exported if not name.endswith("_created")
    }


def test_names_each_reason_to_leave_the_fast_path() -> None:
    assert [names(reason)[0] for reason, _ in table("The fast path")] == list(FAST_PATH_EXITS)


def test_names_each_route(client: AsgiClient) -> None:
    documented = {path for first, _ in table("The API") for path in re.findall(r"/[\w./{}]+", first)}
    paths = {re.sub("/versions/7", "", path) for path in Documented(client).document["paths"]}
    assert documented - {"/versions/{version}"} == {path.replace("california", "{name}") for path in paths}
