"""Requests to the ASGI application without a socket: the careful path, with the web application behind it."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import unquote, urlsplit

from a2wsgi import WSGIMiddleware

from app.prediction.predictions import Predictions
from app.serving.asgi import CarefulPath
from app.serving.service import Service
from app.web.application import create_app
from tests.app.http_client import Reply


class AsgiClient:
    """Asks the application that a worker would run for these predictions."""

    def __init__(self, predictions: Predictions) -> None:
        self.predictions = predictions
        self.web = create_app(predictions.settings, predictions.models, predictions.metrics)
        self._app = CarefulPath(Service(predictions), WSGIMiddleware(self.web))  # type: ignore[arg-type]

    def routes(self) -> set[tuple[str, str]]:
        """Return each method with each path that has it, but for HEAD and OPTIONS; a variable part is <name>."""
        rules = [(method, rule.rule) for rule in self.web.url_map.iter_rules() for method in rule.methods or ()]
        web = {(method, path) for method, path in rules if method not in ("HEAD", "OPTIONS")}
        return web | {("POST", path) for path in self.predictions.routes}

    def get(self, url: str, **headers: str) -> Reply:
        return self.open(url, "GET", b"", **headers)

    def post(self, url: str, body: Any, **headers: str) -> Reply:
        """Send `body` as JSON, or as it is where it is bytes."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.open(url, "POST", content, **{"content_type": "application/json", **headers})

    def open(self, url: str, method: str, body: bytes = b"", **headers: str) -> Reply:
        parts = urlsplit(url)
        sent = {"host": "test", "content_length": str(len(body)), **headers}
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "path": unquote(parts.path),
            "query_string": parts.query.encode(),
            "headers": [(key.replace("_", "-").encode(), value.encode()) for key, value in sent.items()],
            "state": {},
        }
        return asyncio.run(self._ask(scope, body))

    async def _ask(self, scope: dict[str, Any], body: bytes) -> Reply:
        messages: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            messages.append(message)

        await self._app(scope, receive, send)
        start, *parts = messages
        headers = {key.decode(): value.decode() for key, value in start["headers"]}
        return Reply(start["status"], headers, b"".join(part.get("body", b"") for part in parts))
