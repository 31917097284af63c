"""The page behind a gateway that asks for keys, in a real browser."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.app.conftest import Server
from tests.app.web.test_pages_in_browser import prediction

pytestmark = pytest.mark.slow

KEY = "slip_right"
MESSAGE = "the key is unknown or has expired"


class Gateway:
    """Answers requests without the key as the gateway does, in the page's own browser."""

    def __init__(self) -> None:
        self.key = KEY
        self.keys: list[str | None] = []

    def handle(self, route: Route) -> None:
        if urlsplit(route.request.url).path.startswith("/docs"):
            route.continue_()
            return
        sent = route.request.headers.get("x-api-key")
        self.keys.append(sent)
        if sent == self.key:
            route.continue_()
        else:
            body = {"error": {"code": "forbidden", "message": MESSAGE, "field": None, "row": None}}
            route.fulfill(status=403 if sent else 401, content_type="application/json", body=json.dumps(body))


@pytest.fixture(scope="module")
def server(bundle: Path) -> Iterator[Server]:
    running = Server({"SLIPWAY_MODELS": f"california@7={bundle}", "SLIPWAY_WORKERS": "1"})
    yield running
    running.stop()


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


@pytest.fixture
def page(browser: Browser, server: Server, gateway: Gateway) -> Iterator[Page]:
    """The page as somebody without a key sees it first."""
    context = browser.new_context()
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened = context.new_page()
    troubles: list[str] = []
    opened.on("pageerror", lambda error: troubles.append(str(error)))
    opened.route("**/*", gateway.handle)
    opened.goto(f"{server.url}/docs")
    expect(opened.get_by_label("Your key")).to_be_visible()
    yield opened
    context.close()
    assert troubles == []


def give(page: Page, key: str) -> None:
    page.get_by_label("Your key").fill(key)
    page.get_by_role("button", name="Use this key").click()


def test_it_asks_for_the_key_and_then_sends_it(page: Page, gateway: Gateway) -> None:
    expect(page.get_by_label("Your key")).to_be_focused()
    expect(page.get_by_label("Your key")).to_have_accessible_description(
        "This API needs a key. The key stays in this tab and is gone when you close it."
    )
    expect(page.get_by_role("button", name="Predict")).to_be_hidden()
    page.keyboard.type(f" {KEY} ")
    page.keyboard.press("Enter")
    prediction(page)
    expect(page.get_by_label("Your key")).to_be_hidden()
    assert gateway.keys == [None, KEY, KEY]


def test_it_keeps_the_key_for_the_tab_only(page: Page, gateway: Gateway) -> None:
    give(page, KEY)
    prediction(page)
    page.reload()
    prediction(page)
    assert page.evaluate("localStorage.length") == 0
    assert page.context.cookies() == []
    assert KEY not in page.content()
    other = page.context.new_page()
    other.route("**/*", gateway.handle)
    other.goto(page.url)
    expect(other.get_by_label("Your key")).to_be_visible()


@pytest.mark.parametrize("key", ["slip_wrong", "no key", "schlüssel", ""])
def test_it_says_when_a_key_is_wrong(page: Page, key: str) -> None:
    give(page, key)
    reason = "unknown or has expired" if key == "slip_wrong" else "and no spaces"
    expect(page.locator("#key-reason")).to_contain_text(reason)
    expect(page.get_by_label("Your key")).to_be_focused()
    give(page, KEY)
    prediction(page)


def test_a_key_that_was_withdrawn_shows_the_answer_and_asks_for_another(page: Page, gateway: Gateway) -> None:
    give(page, KEY)
    page.get_by_label("MedInc").fill("1.5")
    gateway.key = "slip_new"
    page.get_by_role("button", name="Predict").click()
    expect(page.get_by_role("status")).to_contain_text(MESSAGE)
    expect(page.get_by_label("Your key")).to_be_focused()
    give(page, "slip_new")
    # What was typed in is still there.
    expect(page.get_by_label("MedInc")).to_have_value("1.5")
    prediction(page)


def test_a_key_can_be_forgotten(page: Page, gateway: Gateway) -> None:
    give(page, KEY)
    page.get_by_role("button", name="Forget it").click()
    expect(page.get_by_role("button", name="Forget it")).to_be_hidden()
    page.get_by_role("button", name="Predict").click()
    expect(page.get_by_label("Your key")).to_be_visible()
    assert gateway.keys[-1] is None


def test_the_curl_line_takes_the_key_from_the_shell(page: Page) -> None:
    give(page, KEY)
    expect(page.locator("#curl")).to_contain_text('-H "x-api-key: $API_KEY"')
    line = page.locator("#curl").inner_text()
    shown = subprocess.run(
        ["sh", "-c", line.replace("curl ", "printf '%s\\n' ", 1)],
        env={"API_KEY": KEY, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"x-api-key: {KEY}\n" in shown.stdout


@pytest.mark.parametrize("width", [320, 1280])
def test_the_form_for_the_key_fits_a_phone_and_a_screen(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == width
    give(page, KEY)
    expect(page.get_by_role("button", name="Forget it")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == width
