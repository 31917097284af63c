"""/metrics of several processes: every worker returns the same, also after one of them has died."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from app.problem import STATUS
from tests.app.conftest import Server
from tests.app.exposition import Samples, parse, scrape
from tests.app.http_client import Connection, ask, get, request
from tests.app.known import Known
from tests.app.load import Load, eventually

pytestmark = pytest.mark.long

Start = Callable[..., Server]
NAMED = {"model": "california", "version": "7"}


def settled(server: Server, count: float) -> Samples:
    """Return the metrics once they tell of so many requests; the answer is sent before it is counted as complete."""
    eventually(lambda: scrape(server).total("prediction_requests_total") >= count, f"{count} requests are counted")
    return scrape(server)


def test_every_request_counts_once_whoever_answers(start: Start, known: Known) -> None:
    server = start()
    shapes = [(1, 40), (10, 30), (11, 20), (1000, 10)]

    def send(connection: Connection) -> None:
        for rows, times in shapes:
            for i in range(times):
                assert known.right(connection.ask(request(known.body(i, rows))), i, rows)
        assert connection.ask(request(b"{}")).status == 422

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, [Connection(server.address) for _ in range(16)]))
    samples = settled(server, 16 * 101)
    assert samples.total("prediction_requests_total", **NAMED) == 16 * 101
    assert samples.total("prediction_errors_total", **NAMED, reason="missing_field") == 16
    assert samples.total("prediction_errors_total") == 16
    for histogram in ("prediction_rows", "prediction_latency_seconds"):
        assert samples.total(f"{histogram}_count", **NAMED) == 16 * 100
        assert samples.total(f"{histogram}_bucket", **NAMED, le="+Inf") == 16 * 100
    assert samples.total("prediction_rows_sum") == 16 * sum(rows * times for rows, times in shapes)
    buckets = {le: samples.total("prediction_rows_bucket", le=le) / 16 for le in ("1.0", "10.0", "100.0", "1000.0")}
    assert buckets == {"1.0": 40, "10.0": 70, "100.0": 90, "1000.0": 100}
    assert samples.total("predictions_in_flight") == 0


def test_buckets_grow_and_never_exceed_the_count(start: Start, known: Known) -> None:
    server = start()
    for count in (1, 20, 300):
        ask(server.address, request(known.body(0, count)))
    samples = settled(server, 3)
    for histogram in ("prediction_rows", "prediction_latency_seconds"):
        edges = sorted(samples.labels(f"{histogram}_bucket", "le"), key=float)
        values = [samples.total(f"{histogram}_bucket", le=edge) for edge in edges]
        assert values == sorted(values)
        assert values[-1] == samples.total(f"{histogram}_count") == 3
        assert edges[-1] == "+Inf"
    assert 0 < samples.total("prediction_latency_seconds_sum") < 60


def test_both_workers_tell_the_same(start: Start, known: Known) -> None:
    server = start()
    connections = [Connection(server.address) for _ in range(20)]
    for connection in connections:
        assert known.right(connection.ask(request(known.body())))
    settled(server, 20)
    scrapes = set()
    for connection in connections:
        text = connection.ask(get("/metrics")).body.decode()
        scrapes.add(frozenset(item for item in parse(text).items() if item[0][0].startswith("prediction")))
    assert len(scrapes) == 1


def replaced(server: Server, victim: int) -> bool:
    return len(server.workers) == 2 and victim not in server.workers


def test_a_killed_worker_s_counts_stay_and_its_gauges_go(start: Start, known: Known) -> None:
    server = start(SLIPWAY_BODY_TIMEOUT_SECONDS="600")
    halves = [Connection(server.address) for _ in range(10)]
    for half in halves:
        half.send(request(known.body())[:-1])
    with Load(server.address, known, 8) as load:
        load.more(500)
    before = settled(server, load.right)
    assert before.total("prediction_requests_total") == load.right
    eventually(lambda: scrape(server).total("predictions_in_flight") == 10, "ten requests are under way")
    for _ in range(2):
        victim = server.workers[0]
        os.kill(victim, signal.SIGKILL)
        server.wait_for("a worker died and is replaced")
        eventually(partial(replaced, server, victim), "it is replaced")
        after = settled(server, load.right)
        assert after.total("prediction_requests_total") == load.right
        assert after.total("prediction_rows_count") == load.right
        assert after.total("slipway_release_info") == 1
    left = sum(half.quiet() for half in halves)
    assert left == scrape(server).total("predictions_in_flight")
    assert known.right(ask(server.address, request(known.body())))
    assert settled(server, load.right + 1).total("prediction_requests_total") == load.right + 1


def test_reasons_are_few_whatever_callers_send(start: Start, known: Known) -> None:
    server = start()
    with Connection(server.address) as connection:
        for i in range(200):
            names = [f"made-up-{i}", "MedInc\n", 'a"b\\', "ü", "x" * i]
            body = json.dumps({name: [i] for name in names[: i % 5 + 1]}) if i % 3 else f'{{"features": [[{i}]]'
            path = ("/predict", "/invocations", "/v2/models/california/infer", f"/predict/made-up-{i}")[i % 4]
            reply = connection.ask(request(body.encode(), path=path, x_request_id=f"made-up-{i}"))
            assert 400 <= reply.status < 500
    samples = scrape(server)
    assert samples.labels("prediction_errors_total", "reason") <= set(STATUS)
    assert samples.labels("prediction_requests_total", "model") == {"california"}
    assert samples.total("prediction_errors_total") == samples.total("prediction_requests_total") == 150
    assert not [key for key in samples if "made-up" in str(key)]
    assert len(samples) < 150


@pytest.mark.parametrize("image", ["", "registry.example/slipway-api@sha256:0123", 'odd "\\ ü\n'])
def test_the_release_is_told(start: Start, image: str) -> None:
    samples = scrape(start(SLIPWAY_IMAGE=image))
    assert samples["slipway_release_info", frozenset({**NAMED, "image": image}.items())] == 1
    assert 0 < samples.total("model_load_seconds", **NAMED) < 60


def test_the_text_is_prometheus_s(start: Start, known: Known) -> None:
    server = start()
    ask(server.address, request(known.body()))
    reply = ask(server.address, get("/metrics"))
    assert reply.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = reply.body.decode().splitlines()
    families = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    helped = [line.split()[2] for line in lines if line.startswith("# HELP")]
    assert families == helped
    assert len(set(families)) == len(families)
    for family in ("collections", "objects_collected", "objects_uncollectable"):
        assert f"python_gc_{family}_total" in {line.partition("{")[0] for line in lines}
    generations = parse(reply.body.decode()).labels("python_gc_collections_total", "generation")
    assert generations == {"0", "1", "2"}
    assert not [line for line in lines if "pid=" in line]


def test_a_crash_loop_leaves_no_files_and_loses_no_counts(start: Start, known: Known) -> None:
    server = start(SLIPWAY_WORKERS="4")
    maps = Path(f"/proc/{server.workers[0]}/maps").read_text().splitlines()
    (folder,) = {Path(line.split(maxsplit=5)[5]).parent for line in maps if "/counter_" in line}
    before = allocated(folder)
    counted = 0.0
    with Load(server.address, known, 4) as load:
        for _ in range(3):
            for victim in server.workers:
                os.kill(victim, signal.SIGKILL)
                server.wait_for("a worker died and is replaced")
            load.more(100)
            eventually(lambda: len(server.workers) == 4, "all are replaced")
            samples = scrape(server)
            assert counted < samples.total("prediction_requests_total")
            counted = samples.total("prediction_requests_total")
            assert samples.total("slipway_release_info") == 1
    assert settled(server, load.right).total("prediction_requests_total") >= load.right
    assert allocated(folder) == before


def allocated(folder: Path) -> dict[str, tuple[int, int]]:
    """Return each file with its size and its bytes of memory."""
    return {file.name: (file.stat().st_size, file.stat().st_blocks * 512) for file in folder.iterdir()}
