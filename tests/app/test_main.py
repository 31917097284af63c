"""`python -m app` as the person who starts it sees it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.bundle import GOLDEN, MANIFEST, MLMODEL, REFERENCE
from tests.app import bundles
from tests.app.conftest import ROOT, Server
from tests.app.http_client import ask, get, request
from tests.app.known import Known

pytestmark = pytest.mark.long

Start = Callable[..., Server]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the server, which is expected to end by itself."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("SLIPWAY_")}
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        cwd=ROOT,
        env={**inherited, "SLIPWAY_PORT": "0", **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def sentence(ended: subprocess.CompletedProcess[str]) -> str:
    """Return the one sentence of a server that would not start."""
    assert ended.returncode == 2, ended
    assert ended.stdout == ""
    assert ended.stderr.startswith("slipway: ")
    assert ended.stderr.endswith("\n")
    assert ended.stderr.count("\n") == 1, ended.stderr
    assert "Traceback" not in ended.stderr
    return ended.stderr


@pytest.mark.parametrize(
    ("key", "value", "wanted"),
    [
        ("PORT", "http", "wanted a whole number"),
        ("PORT", "65536", "wanted at most 65535"),
        ("PORT", "-1", "wanted at least 0"),
        ("WORKERS", "0", "wanted at least 1"),
        ("WORKERS", "2.5", "wanted a whole number"),
        ("MAX_ROWS", "", "wanted a whole number"),
        ("DRAIN_SECONDS", "soon", "wanted a number"),
        ("DRAIN_SECONDS", "nan", "wanted"),
        ("BODY_TIMEOUT_SECONDS", "inf", "wanted"),
        ("BODY_TIMEOUT_SECONDS", "0", "wanted at least"),
        ("LOG_SAMPLE_RATE", "1.5", "wanted a share from 0 to 1"),
        ("ENGINE", "onnx", "wanted one of auto, onedal, xgboost"),
        ("MODELS", "california", "wanted name@version=path"),
        ("MODELS", "a b@1=/tmp", "is not a name"),
        ("MODELS", "x@1=/nowhere", "/nowhere: no such directory"),
        ("MODEL_DIR", "/nowhere", "wanted exactly one of"),
        ("DEFAULT_MODEL", "berlin", "wanted one of california"),
        ("HOST", "no.such.host.invalid", "cannot listen on no.such.host.invalid"),
        ("HOST", "256.0.0.1", "cannot listen on 256.0.0.1"),
        ("MODLES", "x", "SLIPWAY_MODELS"),
        ("BODY_TIMEOUT", "3", "SLIPWAY_BODY_TIMEOUT_SECONDS"),
        ("NOTHING_LIKE_IT", "3", "unknown setting"),
    ],
)  # fmt: skip
def test_a_setting_that_cannot_be_is_named_in_one_sentence(bundle: Path, key: str, value: str, wanted: str) -> None:
    message = sentence(run(**{"SLIPWAY_MODELS": f"california@7={bundle}", f"SLIPWAY_{key}": value}))
    assert wanted in message
    assert key == "HOST" or key == "MODELS" or f"SLIPWAY_{key}" in message


def test_no_model_is_one_sentence() -> None:
    assert "SLIPWAY_MODELS" in sentence(run())


def test_help_lists_every_setting() -> None:
    ended = run("--help")
    assert ended.returncode == 0
    for key in ("MODELS", "MODEL_DIR", "DEFAULT_MODEL", "HOST", "PORT", "WORKERS", "MAX_BODY_BYTES", "DRAIN_SECONDS"):
        assert f"SLIPWAY_{key}" in ended.stdout


def test_an_argument_is_refused() -> None:
    assert run("serve").returncode == 2


@pytest.fixture
def broken(bundle: Path, tmp_path: Path) -> Path:
    return shutil.copytree(bundle, tmp_path / "broken")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (MLMODEL, b"flavors: [unclosed"),
        (MLMODEL, b"- a list"),
        (MLMODEL, b""),
        (MLMODEL, b"\xff\xfe"),
        (MLMODEL, b"!!python/object/apply:os.system [id]"),
        (MLMODEL, b"signature: {inputs: '[1]'}"),
        (MLMODEL, b"flavors: [xgboost]\nsignature: {inputs: '[{\"name\": \"a\", \"type\": \"double\"}]'}"),
        (GOLDEN, b"{"),
        (GOLDEN, b"[]"),
        (GOLDEN, b"\xff"),
        (GOLDEN, b'{"columns": [], "rows": [], "predictions": []}'),
        (GOLDEN, None),
        (REFERENCE, None),
        ("model.ubj", None),
        ("model.pkl", b"\x80\x04."),
        ("code.py", b"print()"),
        ("notes.txt", b"\x80\x04\x95."),
    ],
)  # fmt: skip
def test_a_bundle_that_must_not_be_served_is_named_by_its_file(broken: Path, name: str, content: bytes | None) -> None:
    if content is None:
        (broken / name).unlink()
    else:
        (broken / name).write_bytes(content)
    bundles.seal(broken)
    assert name in sentence(run(SLIPWAY_MODELS=f"broken@1={broken}"))


@pytest.mark.parametrize(
    "manifest", [b"", b"[]", b"\xff", b"{}", b'{"format": 2, "files": {}}', b'{"format": 1, "files": 3}']
)
def test_a_manifest_that_is_none_is_named(broken: Path, manifest: bytes) -> None:
    (broken / MANIFEST).write_bytes(manifest)
    assert MANIFEST in sentence(run(SLIPWAY_MODELS=f"broken@1={broken}"))


def test_a_file_that_cannot_be_read_is_named(broken: Path) -> None:
    # Whoever runs the tests may read everything; a folder in the place of a file is beyond root too.
    (broken / MANIFEST).unlink()
    (broken / MANIFEST).mkdir()
    assert MANIFEST in sentence(run(SLIPWAY_MODELS=f"broken@1={broken}"))


@pytest.mark.parametrize("rows", ['["x"]', "[[]]", '[{"a": 1}]', "[[1e400]]", "[1]"])
def test_golden_rows_that_are_none_stop_the_start(broken: Path, rows: str) -> None:
    golden = json.loads((broken / GOLDEN).read_text())
    golden["rows"] = [[row] * 8 if isinstance(row, str) else row for row in json.loads(rows)]
    golden["predictions"] = [1.0]
    (broken / GOLDEN).write_text(json.dumps(golden))
    bundles.seal(broken)
    ended = run(SLIPWAY_MODELS=f"broken@1={broken}")
    assert ended.returncode in (1, 2)
    assert "golden" in ended.stdout + ended.stderr


@pytest.fixture(scope="module")
def two(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two models, the second trained otherwise."""
    folder = tmp_path_factory.mktemp("models")
    shutil.copytree(bundle, folder / "california" / "7")
    features, target = bundles.california(seed=1)
    bundles.write(folder / "other.model-2" / "v1.0", bundles.train(features, target, trees=3), features[:60])
    return folder


@pytest.mark.parametrize("by", ["folder", "list"])
def test_several_models_are_addressed_by_name(start: Start, two: Path, by: str) -> None:
    other = two / "other.model-2" / "v1.0"
    listed = {"SLIPWAY_MODELS": f"other.model-2@v1.0={other}, california@7={two}/california/7"}
    chosen = listed if by == "list" else {"SLIPWAY_MODELS": "", "SLIPWAY_MODEL_DIR": str(two)}
    server = start(**chosen, SLIPWAY_DEFAULT_MODEL="california")
    known = {"california": Known(two / "california" / "7"), "other.model-2": Known(other)}
    for name, path in (
        ("california", "/predict"),
        ("california", "/predict/california"),
        ("other.model-2", "/predict/other.model-2"),
    ):
        reply = ask(server.address, request(known[name].body(0, 9), path=path))
        assert known[name].right(reply, 0, 9)
        assert reply.json["model"] == name
    for name, version in (("california", "7"), ("other.model-2", "v1.0")):
        inputs = [{"name": "features", "shape": [3, 8], "datatype": "FP64", "data": known[name].features(0, 3)}]
        for path in (f"/v2/models/{name}", f"/v2/models/{name}/versions/{version}"):
            assert ask(server.address, get(path)).json["versions"] == [version]
            reply = ask(server.address, request(json.dumps({"inputs": inputs}).encode(), path=f"{path}/infer"))
            assert reply.json["model_name"] == name
            assert known[name].close(reply.json["outputs"][0]["data"], 0, 3)
    assert ask(server.address, request(b"{}", path="/predict/berlin")).status == 404
    assert ask(server.address, request(b"{}", path="/v2/models/california/versions/8/infer")).status == 404
    models = ask(server.address, get("/version")).json["models"]
    assert [model["name"] for model in models] == ["california", "other.model-2"]


def test_two_models_need_a_default(two: Path) -> None:
    assert "SLIPWAY_DEFAULT_MODEL" in sentence(run(SLIPWAY_MODEL_DIR=str(two)))


def test_the_first_thing_that_is_said_is_where_it_serves(start: Start, known: Known) -> None:
    server = start()
    assert server.log[0]["message"] == "serving"
    assert known.right(ask(server.address, request(known.body())))


def test_an_address_of_ipv6_is_written_as_a_url(start: Start, known: Known) -> None:
    server = start(SLIPWAY_HOST="::1")
    assert server.url.startswith("http://[::1]:")
    host, port = server.address
    assert known.right(ask((host.strip("[]"), port), request(known.body())))
