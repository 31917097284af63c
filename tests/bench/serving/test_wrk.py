import json
from pathlib import Path

import pytest

from bench.serving import wrk

SEEN = {"requests": 30, "seconds": 2.0, "p50_ms": 1.5, "p99_ms": 4.0} | dict.fromkeys(wrk.ERRORS, 0)


def output(**changed: float) -> str:
    return f"Running 2s test @ http://127.0.0.1:1/\nRequests/sec: 15\n{json.dumps(SEEN | changed)}\n"


def test_the_last_line_is_parsed() -> None:
    load = wrk.parse(output())
    assert load == wrk.Load(requests=30, seconds=2.0, p50_ms=1.5, p99_ms=4.0)
    assert load.requests_per_second == 15


@pytest.mark.parametrize("kind", wrk.ERRORS)
def test_a_single_failed_request_is_an_error_that_says_which_kind(kind: str) -> None:
    with pytest.raises(wrk.LoadError, match=f"'{kind}': 1"):
        wrk.parse(output(**{kind: 1}))


def test_no_request_at_all_is_an_error() -> None:
    with pytest.raises(wrk.LoadError, match="no request"):
        wrk.parse(output(requests=0))


@pytest.mark.parametrize("text", ["", "unable to connect\n"])
def test_output_without_the_line_is_an_error(text: str) -> None:
    with pytest.raises(wrk.LoadError, match=r"rotate\.lua"):
        wrk.parse(text)


def test_without_wrk_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(wrk.LoadError, match="apt-get install wrk"):
        wrk.require()


def test_the_script_writes_every_key_that_is_read() -> None:
    script = wrk.SCRIPT.read_text()
    assert all(f'"{key}":' in script for key in SEEN)
