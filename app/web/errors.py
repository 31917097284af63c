"""Errors of the web application, in the format of the protocol that the path belongs to."""

from __future__ import annotations

import logging

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from app.log import CLIENT, REQUEST_ID, log_refusal, who
from app.prediction.formats.rows import envelope
from app.prediction.formats.v2 import V2
from app.prediction.request_info import JSON
from app.problem import Problem

log = logging.getLogger("slipway")

CODES = {
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
    429: "too_many_requests",
    503: "not_ready",
}
MESSAGES = {
    "not_found": "no such path; /docs lists all paths",
    "method_not_allowed": "this path does not take this method",
}


def register(app: Flask) -> None:
    """Have the application answer every error in one of our own formats."""
    app.register_error_handler(Problem, _answer)
    app.register_error_handler(HTTPException, _refuse)
    app.register_error_handler(Exception, _fail)


def _state(key: str) -> str:
    """Return what the ASGI application found out; empty without one, as with Flask's own test client."""
    return str(request.environ.get("asgi.scope", {}).get("state", {}).get(key, ""))


def _answer(problem: Problem) -> Response:
    log_refusal(problem, _state(REQUEST_ID), _state(CLIENT))
    is_v2 = request.path == "/v2" or request.path.startswith("/v2/")
    body = V2().error(problem, _state(REQUEST_ID)) if is_v2 else envelope(problem)
    return Response(body, problem.status, content_type=JSON)


def _refuse(error: HTTPException) -> Response:
    """Answer what Werkzeug refuses in the same form as everything else."""
    status = error.code or 500
    code = CODES.get(status, "bad_request" if status < 500 else "internal")
    response = _answer(Problem(code, MESSAGES.get(code, code.replace("_", " "))))
    if status == 405:
        response.headers["allow"] = error.get_response().headers.get("allow", "")
    return response


def _fail(error: Exception) -> Response:
    # The route, not the path: a path may hold what the caller alone should know.
    where = {**who(_state(REQUEST_ID), _state(CLIENT)), "route": str(request.url_rule)}
    log.error("request failed", exc_info=error, extra=where)
    return _answer(Problem("internal", "the request failed; the log has the cause under the request id"))
