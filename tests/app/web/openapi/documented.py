"""The server's document, to hold its words against what the server does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.app.asgi_client import AsgiClient

JSON = "application/json"
CSV = "text/csv"


class Documented:
    """A server by its `/openapi.json`, and the means to ask it."""

    def __init__(self, client: AsgiClient) -> None:
        self.client = client
        self.document: dict[str, Any] = client.get("/openapi.json").json
        self.schemas: dict[str, Any] = self.document["components"]["schemas"]

    def operations(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                yield method.upper(), path, operation

    def accepts(self, schema: dict[str, Any], value: object) -> bool:
        return bool(Draft202012Validator({**schema, "components": self.document["components"]}).is_valid(value))

    def examples(self, path: str, kind: str = JSON) -> dict[str, Any]:
        """Return the examples of a request's body by name."""
        found = self._request(path)[kind]["examples"]
        return {name: example["value"] for name, example in found.items()}

    def post(self, path: str, body: Any) -> Any:
        """Return the server's answer; a text is CSV."""
        if isinstance(body, str):
            return self.client.post(path, body.encode(), content_type=CSV)
        return self.client.post(path, body)

    def agrees(self, path: str, body: object) -> bool:
        """Return whether the body is welcome; fails unless document and server agree on it and on the answer."""
        schema = self._request(path)[CSV if isinstance(body, str) else JSON]["schema"]
        response = self.post(path, body)
        assert response.status in (200, 422), response.text
        assert self.accepts(schema, body) == (response.status == 200), response.text
        assert self.accepts(self._response(path, response.status)["schema"], response.json), response.text
        return bool(response.status == 200)

    def check_examples(self, path: str) -> None:
        """Fail unless each example is accepted and gets the answer that stands under its name."""
        examples = self._response(path, 200)["examples"]
        for kind in self._request(path):
            for name, body in self.examples(path, kind).items():
                assert self.agrees(path, body), name
                assert close(self.post(path, body).json, examples[name]["value"]), name

    def _request(self, path: str) -> dict[str, Any]:
        return dict(self.document["paths"][path]["post"]["requestBody"]["content"])

    def _response(self, path: str, status: int) -> dict[str, Any]:
        response = self.document["paths"][path]["post"]["responses"][str(status)]
        if "$ref" in response:
            response = self.document["components"]["responses"][response["$ref"].rpartition("/")[2]]
        return dict(response["content"][JSON])


def close(answer: Any, wanted: Any) -> bool:
    """Return whether two documents are equal, but for the last digits of their numbers."""
    if isinstance(wanted, dict):
        return bool(answer.keys() == wanted.keys() and all(close(answer[key], wanted[key]) for key in wanted))
    if isinstance(wanted, list):
        return len(answer) == len(wanted) and all(map(close, answer, wanted))
    return bool(answer == (pytest.approx(wanted, rel=1e-5) if isinstance(wanted, float) else wanted))
