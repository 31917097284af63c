from __future__ import annotations

import re

import pytest

from app.web import pages
from tests.app.asgi_client import AsgiClient

ASSETS = sorted(file.name for file in pages.FOLDER.iterdir() if file.suffix in pages.KINDS)


@pytest.mark.parametrize("name", ["", *(f"/{asset}" for asset in ASSETS)])
def test_each_file_is_served_under_a_strict_policy(client: AsgiClient, name: str) -> None:
    response = client.get(f"/docs{name}")
    assert response.status == 200
    assert (
        response.headers["content-type"].partition(";")[0] == pages.KINDS["." + (name or pages.PAGE).rpartition(".")[2]]
    )
    assert response.headers["content-security-policy"].startswith("default-src 'self'; ")
    assert "unsafe" not in response.headers["content-security-policy"]
    assert response.headers["x-content-type-options"] == "nosniff"


def test_a_file_that_has_not_changed_is_not_sent_again(client: AsgiClient) -> None:
    first = client.get("/docs/page.js")
    again = client.get("/docs/page.js", if_none_match=first.headers["etag"])
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize("name", ["nothing.js", "__init__.py", "..%2f__init__.py", ""])
def test_nothing_else_is_served(client: AsgiClient, name: str) -> None:
    response = client.get(f"/docs/{name}")
    assert response.status == 404
    assert response.json["error"]["code"] == "not_found"


def test_the_page_holds_nothing_inline_and_nothing_from_elsewhere() -> None:
    page = (pages.FOLDER / pages.PAGE).read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page)
    for asset in ASSETS:
        text = (pages.FOLDER / asset).read_text().replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|\beval\(|innerHTML|new Function", text), asset
