"""What all connections of a worker share: predictions, admission, request ids, and the writer of answers."""

from __future__ import annotations

from collections.abc import Mapping

from app.prediction.predictions import Predictions
from app.prediction.request_info import JSON, RequestInfo
from app.serving import request_id
from app.serving.admission import Admission
from app.serving.answers import AnswerWriter
from app.serving.request_id import RequestIds

JSON_BYTES = JSON.encode()
INFERENCE_HEADER = b"inference-header-content-length"
CLIENT_HEADER = b"x-slipway-client"


class Service:
    """A worker's predictions, and what it takes to serve them; the keys of `routes` are paths as bytes."""

    def __init__(self, predictions: Predictions) -> None:
        self.predictions = predictions
        self.settings = predictions.settings
        self.routes = {path.encode(): route for path, route in predictions.routes.items()}
        self.admission = Admission(predictions.settings, predictions.metrics.in_flight)
        self.request_ids = RequestIds()
        self.answers = AnswerWriter()
        # Only the gateway reaches the Unix socket, and it removes the header from what clients send. On a port, anybody
        # could call himself anything.
        self._knows_clients = self.settings.socket is not None

    def request_info(self, headers: Mapping[bytes, bytes]) -> RequestInfo:
        """Return what a prediction needs to know of the headers, whose names are in lower case."""
        header = headers.get
        name = self.request_ids.choose(header(request_id.HEADER))
        client = _text(header(CLIENT_HEADER)) if self._knows_clients else ""
        kind, encoding, binary = header(b"content-type"), header(b"content-encoding"), header(INFERENCE_HEADER)
        # Nearly all requests look like this, so it is not decoded each time.
        if kind == JSON_BYTES and encoding is None and binary is None:
            return RequestInfo(JSON, "", "", name, client)
        return RequestInfo(_text(kind), _text(encoding), _text(binary), name, client)


def _text(value: bytes | None) -> str:
    return value.decode("latin-1") if value else ""
