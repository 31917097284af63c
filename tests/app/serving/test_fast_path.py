from __future__ import annotations

import pytest

from tests.app.conftest import Server
from tests.app.http_client import Closed, Connection, ask, chunked, get, request
from tests.app.known import Known


@pytest.fixture
def connection(served: Server) -> Connection:
    return Connection(served.address)


def test_a_connection_is_kept_for_many_predictions(connection: Connection, known: Known) -> None:
    for row in range(50):
        reply = connection.ask(request(known.body(row)))
        assert known.right(reply, row)
        assert "connection" not in reply.headers


def test_predictions_in_one_packet_are_answered_in_order(connection: Connection, known: Known) -> None:
    connection.send(b"".join(request(known.body(row)) for row in range(20)))
    assert all(known.right(connection.reply(), row) for row in range(20))


def test_more_pipelined_predictions_than_a_head_may_be_long_are_answered(connection: Connection, known: Known) -> None:
    requests = b"".join(request(known.body(row)) for row in range(2000))
    assert len(requests) > 400_000
    # All but the last bytes, so that some read of the server's ends within a head.
    for start in range(0, len(requests), 99_991):
        connection.send(requests[start : start + 99_991])
    assert all(known.right(connection.reply(), row) for row in range(2000))


@pytest.mark.parametrize("body_of", ["length", "chunks"])
def test_a_prediction_behind_a_slower_answer_in_one_packet_waits_its_turn(
    connection: Connection, known: Known, body_of: str
) -> None:
    prediction = request(known.body(1)) if body_of == "length" else chunked(known.body(1)[:9], known.body(1)[9:])
    connection.send(get("/metrics") + prediction + get("/healthz") + prediction + request(b"{", path="/invocations"))
    assert b"prediction_requests_total" in connection.reply().body
    assert known.right(connection.reply(), 1)
    assert connection.reply().json == {"status": "ok"}
    assert known.right(connection.reply(), 1)
    refused = connection.reply()
    assert (refused.status, refused.json["error_code"]) == (400, "BAD_REQUEST")


def test_an_answer_behind_a_prediction_in_one_packet_is_right(connection: Connection, known: Known) -> None:
    connection.send(request(known.body(2)) + get("/healthz") + request(known.body(3)))
    assert known.right(connection.reply(), 2)
    assert connection.reply().json == {"status": "ok"}
    assert known.right(connection.reply(), 3)


def test_a_body_in_chunks_is_put_together(connection: Connection, known: Known) -> None:
    body = known.body(0, 40)
    whole = chunked(*(body[i : i + 7] for i in range(0, len(body), 7)))
    for start in range(0, len(whole), 1000):
        connection.send(whole[start : start + 1000])
    assert known.right(connection.reply(), 0, 40)
    assert known.right(connection.ask(request(known.body(1))), 1)


def test_trailers_and_chunk_extensions_are_passed_over(connection: Connection, known: Known) -> None:
    body = known.body()
    head = request(content_length="", transfer_encoding="chunked")
    connection.send(head + b"%x;name=value\r\n%b\r\n0\r\nx-request-id: late\r\n\r\n" % (len(body), body))
    reply = connection.reply()
    assert known.right(reply)
    assert reply.headers["x-request-id"] != "late"


@pytest.mark.parametrize(
    "path", ["/predict", "/predict/california", "/predict?verbose=1", "/predict?", "//predict", "/%70redict"]
)
def test_a_path_may_carry_a_query_and_escapes(connection: Connection, known: Known, path: str) -> None:
    assert known.right(connection.ask(request(known.body(), path=path)))
    assert known.right(connection.ask(chunked(known.body(), path=path)))


def test_a_whole_address_as_the_path_is_understood(connection: Connection, known: Known) -> None:
    assert known.right(connection.ask(request(known.body(), path="http://test/predict")))


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "TRACE"])
@pytest.mark.parametrize("path", ["/predict", "/predict/california", "/invocations", "/v2/models/california/infer"])
def test_another_method_is_told_which_is_allowed(connection: Connection, path: str, method: str) -> None:
    reply = connection.ask(request(method=method, path=path), method)
    assert reply.status == 405
    assert "POST" in reply.headers["allow"]
    assert connection.ask(get("/healthz")).status == 200


def test_which_methods_there_are_can_be_asked(connection: Connection) -> None:
    reply = connection.ask(request(method="OPTIONS"))
    assert (reply.status, reply.body) == (200, b"")
    assert set(reply.headers["allow"].split(", ")) == {"OPTIONS", "POST"}


def test_http_1_0_is_answered_and_closed(connection: Connection, known: Known) -> None:
    reply = connection.ask(request(known.body(), version="1.0"))
    assert known.right(reply)
    assert reply.headers["connection"] == "close"
    assert connection.rest() == b""


def test_http_1_0_may_ask_to_keep_the_connection(connection: Connection, known: Known) -> None:
    for row in range(3):
        reply = connection.ask(request(known.body(row), version="1.0", connection="keep-alive"))
        assert known.right(reply, row)
        assert reply.headers["connection"] == "keep-alive"


def test_connection_close_is_the_last_answer(connection: Connection, known: Known) -> None:
    connection.send(request(known.body(), connection="close") + request(known.body(1)) + get("/healthz"))
    reply = connection.reply()
    assert known.right(reply)
    assert reply.headers["connection"] == "close"
    assert connection.rest() == b""


def test_an_expectation_is_met_before_the_body(connection: Connection, known: Known) -> None:
    whole = request(known.body(), expect="100-continue")
    head, body = whole.split(b"\r\n\r\n", 1)
    assert connection.ask(head + b"\r\n\r\n").status == 100
    assert known.right(connection.ask(body))


def test_an_expectation_of_too_much_is_refused_at_once(connection: Connection) -> None:
    reply = connection.ask(request(expect="100-continue", content_length="999999999"))
    assert (reply.status, reply.code) == (413, "body_too_large")


@pytest.mark.parametrize("offer", ["h2c", "websocket"])
def test_an_offer_of_another_protocol_is_passed_over(connection: Connection, known: Known, offer: str) -> None:
    upgrade = {"connection": "Upgrade, HTTP2-Settings", "upgrade": offer, "http2_settings": "AAMAAABkAAQAAP__"}
    assert known.right(connection.ask(request(known.body(), **upgrade)))
    assert known.right(connection.ask(request(known.body(1))), 1)
    assert connection.ask(get("/healthz", **upgrade)).json == {"status": "ok"}


def test_a_client_that_has_said_all_still_gets_its_answers(served: Server, known: Known) -> None:
    with Connection(served.address) as connection:
        connection.send(request(known.body()) + get("/healthz"))
        connection.socket.shutdown(1)
        assert known.right(connection.reply())
        assert connection.reply().json == {"status": "ok"}
        with pytest.raises(Closed):
            connection.reply()


def test_a_body_that_ends_early_gets_no_prediction(served: Server, known: Known) -> None:
    with Connection(served.address) as connection:
        connection.send(request(known.body(), content_length=str(len(known.body()) + 1)))
        connection.socket.shutdown(1)
        assert b"predictions" not in connection.rest()
    assert known.right(ask(served.address, request(known.body())))
