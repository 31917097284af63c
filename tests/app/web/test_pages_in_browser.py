"""The page in a real browser, with a real server."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.app import odd
from tests.app.conftest import Server
from tests.app.known import Known

pytestmark = pytest.mark.slow

FORMATS = ("rows", "columns", "mlflow", "csv", "v2")


@pytest.fixture(scope="module")
def server(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    other = odd.write(tmp_path_factory.mktemp("odd") / "odd")
    models = f"california@7={bundle},odd@1.2={other}"
    running = Server({"SLIPWAY_MODELS": models, "SLIPWAY_DEFAULT_MODEL": "california", "SLIPWAY_WORKERS": "1"})
    yield running
    running.stop()


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """The page, loaded; fails in the end if anything was asked of another host or went wrong in the console."""
    context = browser.new_context()
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened = context.new_page()
    hosts, troubles = set(), []
    opened.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    opened.on("pageerror", lambda error: troubles.append(str(error)))
    opened.on("console", lambda message: troubles.append(message.text))
    opened.goto(f"{server.url}/docs")
    expect(opened.get_by_role("button", name="Predict")).to_be_visible()
    yield opened
    context.close()
    assert hosts == {urlsplit(server.url).netloc}
    # The browser itself reports each answer of 422, which some tests ask for.
    assert [trouble for trouble in troubles if "responded with a status of 422" not in trouble] == []


def prediction(page: Page) -> float:
    page.get_by_role("button", name="Predict").click()
    shown = page.locator(".prediction")
    expect(shown).to_be_visible()
    return float(shown.inner_text())


@pytest.mark.parametrize("format_", FORMATS)
def test_a_row_typed_in_gets_its_prediction_here_and_by_the_curl_line(page: Page, bundle: Path, format_: str) -> None:
    known = Known(bundle)
    index = next(i for i, row in enumerate(known.rows) if None in row)
    page.get_by_label("Request format").select_option(format_)
    for name, value in zip(known.columns, known.rows[index], strict=True):
        page.get_by_label(name, exact=True).fill("" if value is None else repr(value))
    assert known.close([prediction(page)], index)
    expect(page.get_by_role("status")).to_contain_text("200 OK")
    expect(page.get_by_role("status")).to_contain_text("request id ")
    page.locator("[data-copy=curl]").click()
    expect(page.locator("[data-copy=curl]")).to_have_text("Copied")
    line = page.evaluate("navigator.clipboard.readText()")
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True)
    assert f"[{page.locator('.prediction').inner_text()}]" in done.stdout


@pytest.mark.parametrize("format_", FORMATS)
def test_an_error_stands_beside_the_field_that_it_names(page: Page, format_: str) -> None:
    page.get_by_label("Request format").select_option(format_)
    field = page.get_by_label("HouseAge")
    field.fill("old")
    page.get_by_role("button", name="Predict").click()
    expect(page.get_by_role("status")).to_contain_text("422")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description(re.compile(" training wanted a number, got a string$"))
    field.fill("41")
    expect(field).to_have_attribute("aria-invalid", "false")


def test_a_model_with_other_fields_has_its_own_form(page: Page) -> None:
    page.get_by_label("Request format").select_option("mlflow")
    page.get_by_label("Model").select_option(label="odd, version 1.2")
    # MLflow's route is the default model's.
    assert page.get_by_label("Request format").input_value() == "rows"
    assert page.locator("#format option:disabled").count() == 2
    labels = page.locator("#fields label").all_inner_texts()
    assert labels == [field.name for field in odd.FIELDS]
    page.get_by_label("age, years").fill("")
    page.get_by_label("member").select_option("false")
    for format_ in ("rows", "columns", "v2"):
        page.get_by_label("Request format").select_option(format_)
        prediction(page)


def test_an_example_fills_the_form_in(page: Page) -> None:
    page.get_by_label("Values").select_option(label="Example 3, with a missing value")
    assert page.get_by_label("AveBedrms").input_value() == ""
    assert "null" in page.locator("#body").inner_text()


def test_the_keyboard_is_enough(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the form")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Model")).to_be_focused()
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(page.get_by_label("MedInc")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".prediction")).to_be_visible()


def test_an_answer_fades_when_the_form_no_longer_asks_for_it(page: Page) -> None:
    prediction(page)
    expect(page.get_by_role("status")).not_to_have_class("stale")
    page.get_by_label("MedInc").fill("1")
    expect(page.get_by_role("status")).to_have_class("stale")


def test_each_operation_is_listed_with_its_examples(page: Page, server: Server) -> None:
    document = page.request.get(f"{server.url}/openapi.json").json()
    assert page.locator("details.operation").count() == sum(map(len, document["paths"].values()))
    page.locator("#invocations > summary").click()
    page.locator("#invocations details", has_text="text/csv").locator("summary").click()
    expect(page.locator("#invocations")).to_contain_text("MedInc,HouseAge")
    expect(page.locator("#invocations tbody")).to_contain_text("415")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_fits_a_phone_and_a_screen(page: Page, scheme: str, width: int) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 800})
    for summary in page.locator("details.operation > summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgba(0, 0, 0, 0)"


def test_says_so_where_it_cannot_be_shown(browser: Browser, server: Server) -> None:
    page = browser.new_page()
    page.route("**/openapi.json", lambda route: route.fulfill(status=503))
    page.goto(f"{server.url}/docs")
    expect(page.get_by_role("alert")).to_contain_text("Cannot show this page: openapi.json: 503")
    page.close()
