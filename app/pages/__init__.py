"""`/docs`: a page that shows `/openapi.json` and lets a person try a prediction; all of it comes from this folder."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, abort, request
from werkzeug.http import generate_etag

FOLDER = Path(__file__).parent
PAGE = "page.html"
KINDS = {
    PAGE: "text/html; charset=utf-8",
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "operations.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
HEADERS = {
    # Nothing from elsewhere, nothing inline, no eval, no frame around it; the page's script sends its own requests.
    "content-security-policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    # The names carry no version: ask each time, which costs a 304.
    "cache-control": "no-cache",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


def blueprint() -> Blueprint:
    """Return the routes `/docs` and `/docs/<asset>`; the files are read once, here."""
    routes = Blueprint("pages", __name__)
    files = {name: (FOLDER / name).read_bytes() for name in KINDS}

    def answer(name: str) -> Response:
        if name not in files:
            abort(404)
        response = Response(files[name], content_type=KINDS[name], headers=HEADERS)
        response.set_etag(generate_etag(files[name]))
        response.make_conditional(request)
        return response

    routes.add_url_rule("/docs", "page", lambda: answer(PAGE))
    routes.add_url_rule("/docs/<name>", "asset", answer)
    return routes
