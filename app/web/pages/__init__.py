"""`/docs`: a page that shows `/openapi.json` and lets a person try a prediction; all of it comes from this folder."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, abort, request
from werkzeug.http import generate_etag

FOLDER = Path(__file__).parent
PAGE = "page.html"
KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
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
    files = {file.name: file.read_bytes() for file in FOLDER.iterdir() if file.suffix in KINDS}

    def answer(name: str) -> Response:
        if name not in files:
            abort(404)
        response = Response(files[name], content_type=f"{KINDS[Path(name).suffix]}; charset=utf-8", headers=HEADERS)
        response.set_etag(generate_etag(files[name]))
        response.make_conditional(request)
        return response

    routes.add_url_rule("/docs", "page", lambda: answer(PAGE))
    routes.add_url_rule("/docs/<name>", "asset", answer)
    return routes
