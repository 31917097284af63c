"""The client whose key the gateway accepted: in the log and the metrics, and only on the gateway's socket."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from app import metrics
from tests.app.conftest import Server
from tests.app.exposition import scrape
from tests.app.http_client import Connection, ask, get, request
from tests.app.known import Known
from tests.app.load import eventually

pytestmark = pytest.mark.long

Start = Callable[..., Server]
METRIC = "prediction_client_requests_total"


def log_of(server: Server, request_id: str) -> dict[str, object]:
    """Return what the log says about a request, once it does."""
    eventually(lambda: any(entry.get("request_id") == request_id for entry in server.log), "the request is in the log")
    return next(entry for entry in server.log if entry.get("request_id") == request_id)


@pytest.fixture
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("s") / "http.sock"


def test_each_path_through_the_server_logs_and_counts_the_client(start: Start, known: Known, path: Path) -> None:
    server = start(SLIPWAY_SOCKET=str(path), SLIPWAY_LOG_SAMPLE_RATE="1", SLIPWAY_WORKERS="1")
    with Connection(server.address) as connection:

        def send(name: str, body: bytes = b"", **more: str) -> int:
            data = request(body, x_slipway_client="mobile-app", x_request_id=name, **more)
            return connection.ask(data).status

        assert send("fast", known.body(3)) == 200
        assert send("refused", b"{}") == 422
        assert send("careful", known.body(3), path="//predict") == 200
        assert send("careful-refused", b"{}", path="//predict") == 422
        assert send("method", path="/predict", method="PUT") == 405
        assert send("nothing", path="/nothing") == 404
        # Requests without a client come from the agent, or the gateway asks for no keys.
        assert connection.ask(request(known.body(3), x_request_id="nobody")).status == 200
    names = ("fast", "refused", "careful", "careful-refused", "method", "nothing")
    assert {log_of(server, name)["client"] for name in names} == {"mobile-app"}
    assert "client" not in log_of(server, "nobody")
    assert scrape(server).total(METRIC, client="mobile-app") == scrape(server).total(METRIC) == 4


def test_on_a_port_nobody_has_a_name(start: Start, known: Known) -> None:
    server = start(SLIPWAY_LOG_SAMPLE_RATE="1")
    data = request(known.body(3), x_slipway_client="mobile-app", x_request_id="a")
    assert ask(server.address, data).status == 200
    assert "client" not in log_of(server, "a")
    assert METRIC.encode() + b"{" not in ask(server.address, get("/metrics")).body


def test_more_clients_than_the_files_have_room_for_count_as_one(start: Start, known: Known, path: Path) -> None:
    server = start(SLIPWAY_SOCKET=str(path), SLIPWAY_WORKERS="1")
    (folder,) = (Path(line.split()[-1]).parent for line in maps(server) if line.endswith("/counter_0.db"))
    size = (folder / "counter_0.db").stat().st_size
    names = [f"{number:a<63}" for number in range(metrics.MAX_CLIENTS + 5)]
    with Connection(server.address) as connection:
        for name in [*names, *names]:
            assert connection.ask(request(known.body(3), x_slipway_client=name)).status == 200
    found = scrape(server)
    assert found.labels(METRIC, "client") == {*names[: metrics.MAX_CLIENTS], metrics.OTHER_CLIENTS}
    assert found.total(METRIC, client=metrics.OTHER_CLIENTS) == 10
    # A file that grows has no memory of its own before it is written to: metrics_folder.py says what follows.
    assert (folder / "counter_0.db").stat().st_size == size


def maps(server: Server) -> list[str]:
    return Path(f"/proc/{server.workers[0]}/maps").read_text().splitlines()
