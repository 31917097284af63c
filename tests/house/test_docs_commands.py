"""Every command in README.md and docs/ is valid, and is run by somebody: this file, another test, or a person."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from tests import s3
from tests.house import documents
from tests.house.command_rules import RULES
from tests.house.documents import ROOT, Block, Command
from training.data import generated

# Each program is asked for its --help.
pytestmark = pytest.mark.long

COMMANDS = documents.all_commands()
PAGE = "docs/training.md"

# Each command of a code block by how it begins: the file that runs it, and the text that shows so there.
RUN_IN = {
    "curl http://localhost:8000/": ("tests/app/test_api_docs.py", "test_each_command_gets_the_answer_that_follows_it"),
    "curl http://127.0.0.1:8000/version": ("tests/images/test_baked.py", "/version"),
    "curl --cacert /var/lib/slipway/gateway/ca.crt": ("molecule/gateway/tests/test_metrics.py", "/metrics/gateway"),
    "docker run --detach": ("tests/images/test_baked.py", '"docker run"'),
    "docker run --read-only": ("tests/images/tracking.py", "images.mlops.serve"),
    "docker run --rm": ("tests/images/test_mlops_fetch.py", "*FETCH, uri"),
    "export MLFLOW_TRACKING": ("rehearsal/tracking.py", '"MLFLOW_TRACKING_PASSWORD"'),
    "make image IMAGE=": ("tests/images/conftest.py", '"tools.images", name'),
    "make key NAME=": ("tests/tools/test_client_key.py", "client_key.main("),
    "make release IMAGE=": ("tests/rehearsal/test_chain.py", "IMAGE="),
    "make release MODEL=models:/": ("tests/rehearsal/test_chain.py", 'chain.make("release", f"MODEL=models:/'),
    "make release MODEL=var/": ("tests/rehearsal/test_chain.py", 'chain.make("release", f"MODEL={bundle}"'),
    "make rollback": ("tests/rehearsal/test_chain.py", 'chain.make("rollback")'),
    "make status": ("tests/rehearsal/test_chain.py", 'chain.make("status")'),
    "make train ARGS=": ("tests/rehearsal/chain.py", "-m training"),
    "make unit ARGS=": ("tests/house/test_suite.py", '["make", "unit", "ARGS='),
    "make up": ("tests/rehearsal/conftest.py", 'make("up")'),
    "printf 'FROM slipway-api": ("tests/images/test_baked.py", '"docker build"'),
    "python -m rehearsal status --json": ("tests/rehearsal/chain.py", '"rehearsal", "status", "--json"'),
    "python -m training": ("tests/house/test_docs_commands.py", "def test_the_commands_of_the_training_page_run"),
    "set -a; . var/rehearsal/credentials": ("tests/rehearsal/chain.py", "set -a; ."),
    "slipway-pull adopt": ("tests/agent", '"adopt"'),
    "slipway-pull check": ("tests/agent", '"check"'),
    "slipway-pull now": ("tests/agent", '"now"'),
    "slipway-pull run": ("tests/agent", '"run"'),
    "slipway-pull status": ("tests/agent", '"status"'),
}
# No test runs these, for the reason given. Their words are checked all the same.
RUN_BY_HAND = {
    "git --git-dir=": "shows what a person released; nothing reads its output",
    "make bench-serving": "takes minutes of an idle machine; tests/bench runs its parts",
    "make shell": "is a terminal for a person",
    "make test": "is what runs this test",
    "make bench-gateway": "takes minutes of an idle machine; tests/bench runs its parts",
    "make up && make bench-gateway": "takes minutes of an idle machine; tests/bench runs its parts",
    "make up && make bench-release": "takes minutes of an idle machine; tests/bench runs its parts",
    "python -m bench.serving": "takes minutes of an idle machine; tests/bench runs its parts",
}


def check(command: Command) -> None:
    """The command is valid by the rule of its program. Fails for a program without a rule."""
    for words in command.parts():
        assert words[0] in RULES, f"{command.where}: no rule for {words[0]!r}: add one to command_rules.py"
        try:
            RULES[words[0]](words[1:])
        except Exception as error:
            raise AssertionError(f"{command.where}: {command.text}: {error}") from error


def beginning(command: Command) -> str | None:
    """Return the entry of the two tables for a command, the longest of those that fit."""
    fitting = [start for start in (*RUN_IN, *RUN_BY_HAND) if f"{command.text} ".startswith(start)]
    return max(fitting, key=len, default=None)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.where)
def test_a_command_in_a_code_block_is_valid(command: Command) -> None:
    check(command)


@pytest.mark.parametrize("document", documents.documents())
def test_the_commands_that_its_sentences_name_are_valid(document: str) -> None:
    for command in documents.inline_commands():
        if command.document == document:
            check(command)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.where)
def test_it_is_known_where_a_command_runs(command: Command) -> None:
    assert beginning(command), f"{command.where}: {command.text}: add it to RUN_IN or to RUN_BY_HAND"


def test_the_tables_name_no_command_that_is_gone() -> None:
    assert {beginning(command) for command in COMMANDS} == {*RUN_IN, *RUN_BY_HAND}


@pytest.mark.parametrize("start", RUN_IN)
def test_the_file_that_runs_a_command_does(start: str) -> None:
    path, shown = RUN_IN[start]
    files = [ROOT / path] if (ROOT / path).is_file() else list((ROOT / path).rglob("*.py"))
    assert any(shown in file.read_text(encoding="utf-8") for file in files), f"{path}: {shown} is not there"


@pytest.mark.parametrize("text", ["frobnicate x", "make no-such", "make up NOSUCH=1", "python -m training max_dpeth=1"])
def test_a_command_that_is_not_valid_is_found(text: str) -> None:
    with pytest.raises(AssertionError, match=r"x.md:1: "):
        check(Command("x.md", 1, text))


def test_a_block_in_another_language_has_no_commands() -> None:
    assert list(documents.commands(Block("x.md", 1, "json", "make up"))) == []
    joined = list(documents.commands(Block("x.md", 3, "sh", "# no command\nmake \\\n  up  # aside\nprintf 'a\nb'\n")))
    assert [(command.line, command.parts()) for command in joined] == [(4, [["make", "up"]]), (6, [["printf", "a\nb"]])]


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An S3 with the bucket of the page's example."""
    import boto3

    with s3.server(monkeypatch, "us-east-1"):
        boto3.client("s3").create_bucket(Bucket="my-bucket")
        yield


def write_data(folder: Path) -> None:
    """Write the files that the page's commands read, and what it shows as houses.yaml."""
    import boto3

    columns = {name: column[:2000] for name, column in generated.generate().items()}
    table = pa.table(columns)
    pa.parquet.write_table(table, folder / "houses.parquet")
    for name in ("new.csv", "rows.csv"):
        pa.csv.write_csv(
            pa.table({key: np.nan_to_num(value, nan=1.0) for key, value in columns.items()}), folder / name
        )
    own = {"rooms": columns["AveRooms"], "area": columns["MedInc"], "year": columns["HouseAge"]}
    pa.parquet.write_table(pa.table(own | {"price": columns["MedHouseVal"]}), folder / "own.parquet")
    boto3.client("s3").upload_file(str(folder / "own.parquet"), "my-bucket", "houses.parquet")
    (example,) = [block.text for block in documents.blocks(PAGE) if block.language == "yaml"]
    (folder / "houses.yaml").write_text(example, encoding="utf-8")


@pytest.mark.usefixtures("bucket")
def test_the_commands_of_the_training_page_run(clone: Path, environment: dict[str, str]) -> None:
    write_data(clone)
    kept = {key: value for key, value in os.environ.items() if key.startswith("AWS_")}
    variables = {**environment, **kept, "MLFLOW_TRACKING_URI": "", "DATA": ""}
    for command in COMMANDS:
        if command.document == PAGE:
            line = command.text.replace("python", sys.executable, 1)
            done = subprocess.run(["sh", "-ec", line], cwd=clone, env=variables, capture_output=True, text=True)
            assert done.returncode == 0, f"{command.text}: {done.stderr}"
    assert (clone / "scored.parquet").is_file()
    assert (clone / "var" / "models" / "houses" / "1").is_dir()
