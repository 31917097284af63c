"""What a prediction needs to know of a request's headers."""

from __future__ import annotations

from typing import NamedTuple

from app.problem import Problem

JSON = "application/json"
CSV = "text/csv"
BINARY_TENSORS = "the binary data extension is not supported: send the values of each tensor as JSON in `data`"


class RequestInfo(NamedTuple):
    """The headers that describe the body, the request's id, and its client."""

    content_type: str = ""
    content_encoding: str = ""
    inference_header: str = ""  # V2's Inference-Header-Content-Length, which announces binary tensors
    request_id: str = ""
    client: str = ""  # the name of the client, if the gateway asks for keys

    def is_plain_json(self) -> bool:
        """Return whether the body is JSON without any encoding, as in nearly all requests."""
        return self.content_type == JSON and not (self.content_encoding or self.inference_header)


def media_type(request: RequestInfo, csv: bool) -> str:
    """Return the body's media type; raises Problem for one that is not read here. Without a type, it is JSON."""
    if request.inference_header or request.content_type == "application/octet-stream":
        raise Problem("unsupported_media_type", BINARY_TENSORS)
    if request.content_encoding not in ("", "identity"):
        raise Problem("unsupported_media_type", "wanted a body without a content encoding")
    kind, _, parameters = request.content_type.partition(";")
    kind = kind.strip().lower() or JSON
    charset = next((value for key, _, value in map(_parameter, parameters.split(";")) if key == "charset"), "utf-8")
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise Problem("unsupported_media_type", "wanted the charset UTF-8")
    if kind != JSON and not (csv and kind == CSV):
        raise Problem("unsupported_media_type", f"wanted content type {JSON}" + (f" or {CSV}" if csv else ""))
    return kind


def _parameter(text: str) -> tuple[str, str, str]:
    key, equals, value = text.partition("=")
    return key.strip().lower(), equals, value.strip().strip('"').lower()
