"""`/docs`: a page that shows `/openapi.json` and can try a prediction; all its files are in this folder."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, abort, request
from werkzeug.http import generate_etag

FOLDER = Path(__file__).parent
PAGE = "page.html"
KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
HEADERS = {
    # Nothing from other hosts, nothing inline, no eval, no frame; only the page's own script sends requests.
    "content-security-policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    # The file names have no version, so the browser has to ask each time, which costs a 304.
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
