"""What all connections of one worker share: the predictions, who is admitted, the ids of requests, the answers."""

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


class Service:
    """One worker's predictions and what it takes to serve them; `routes` are by the path's bytes."""

    def __init__(self, predictions: Predictions) -> None:
        self.predictions = predictions
        self.settings = predictions.settings
        self.routes = {path.encode(): route for path, route in predictions.routes.items()}
        self.admission = Admission(predictions.settings, predictions.metrics.in_flight)
        self.request_ids = RequestIds()
        self.answers = AnswerWriter()

    def request_info(self, headers: Mapping[bytes, bytes]) -> RequestInfo:
        """Return what the predictions need of the headers, whose names are in small letters."""
        header = headers.get
        name = self.request_ids.choose(header(request_id.HEADER))
        kind, encoding, binary = header(b"content-type"), header(b"content-encoding"), header(INFERENCE_HEADER)
        # What nearly all requests have is not decoded each time.
        if kind == JSON_BYTES and encoding is None and binary is None:
            return RequestInfo(JSON, "", "", name)
        return RequestInfo(_text(kind), _text(encoding), _text(binary), name)


def _text(value: bytes | None) -> str:
    return value.decode("latin-1") if value else ""
