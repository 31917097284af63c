"""What h2load prints and logs is read, and no failed request is counted."""

from pathlib import Path

import pytest

from bench.gateway import h2load, targets
from bench.gateway.h2load import MODES
from bench.serving.wrk import LoadError

SUMMARY = """starting benchmark...
finished in {finished}, 5000.00 req/s, 1.20MB/s
requests: {total} total, {total} started, {done} done, {ok} succeeded, {failed} failed, {errored} errored, {timeout} timeout
status codes: {ok} 2xx, {redirected} 3xx, {refused} 4xx, {broken} 5xx
traffic: 1.20MB (1258291) total, 500.00KB (512000) headers (space savings 0.00%), 300.00KB (307200) data
"""  # noqa: E501  # as h2load prints it
COUNTS = {"total": 5000, "done": 5000, "ok": 5000} | dict.fromkeys(
    ("failed", "errored", "timeout", "redirected", "refused", "broken"), 0
)
GATEWAY = targets.gateway("nginx", 8443, Path("ca.crt"))
DIRECT = targets.direct(Path("/run/http.sock"))


def summary(finished: str = "1.00s", changed: dict[str, int] | None = None) -> str:
    return SUMMARY.format(finished=finished, **(COUNTS | (changed or {})))


@pytest.mark.parametrize(("finished", "seconds"), [("1.02s", 1.02), ("12.50ms", 0.0125), ("900us", 0.0009)])
def test_the_summary_gives_requests_and_seconds(finished: str, seconds: float) -> None:
    requests, took = h2load.parse("nginx", summary(finished))
    assert requests == 5000
    assert took == pytest.approx(seconds)


@pytest.mark.parametrize("kind", ["failed", "timeout", "redirected", "refused", "broken"])
def test_a_single_failed_request_is_an_error(kind: str) -> None:
    with pytest.raises(LoadError, match="nginx: requests failed"):
        h2load.parse("nginx", summary(changed={kind: 1}))


def test_no_request_at_all_is_an_error() -> None:
    with pytest.raises(LoadError, match="nginx: no request"):
        h2load.parse("nginx", summary(changed={"ok": 0, "done": 0}))


@pytest.mark.parametrize("output", ["", "starting benchmark...\n", "Could not resolve host\n"])
def test_output_without_a_summary_is_an_error(output: str) -> None:
    with pytest.raises(LoadError, match=r"nginx: .* wanted its summary"):
        h2load.parse("nginx", output)


def test_the_log_gives_the_time_of_each_request() -> None:
    assert h2load.times("1700000000000000\t200\t1500\n1700000000000100\t200\t250\n") == [1.5, 0.25]


def test_percentiles_are_the_median_and_the_99th() -> None:
    assert h2load.percentiles([float(number) for number in range(101)]) == (50.0, 99.0)


def test_a_log_without_requests_is_an_error() -> None:
    with pytest.raises(LoadError, match="0 requests in the log"):
        h2load.percentiles([])


def test_each_mode_asks_h2load_for_its_version_and_its_connections() -> None:
    asked = {mode.name: h2load.options(GATEWAY, mode) for mode in MODES}
    assert {name for name, options in asked.items() if "--h1" in options} == {"http1_kept", "http1_new"}
    assert {name for name, options in asked.items() if "connection: close" in options} == {"http1_new"}


def test_the_api_is_asked_on_its_socket() -> None:
    assert "unix:/run/http.sock" in h2load.options(DIRECT, MODES[0])
    assert "--connect-to=127.0.0.1:8443" in h2load.options(GATEWAY, MODES[0])


def test_a_machine_without_h2load_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LoadError, match="apt-get install nghttp2-client"):
        h2load.require()
