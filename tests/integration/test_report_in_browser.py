"""The report in a real browser, offline: silent, fetching nothing, with the numbers of metrics.json beside it."""

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from records import SECTIONS, busy_story

from tickloom.report.page import write_report

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

#: Without these, Chromium looks for its maker's servers and for a graphics card.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@attrs.frozen
class Opened:
    """A page in the browser, and what it said and asked for since it was opened."""

    page: Any
    folder: Path
    said: list[str]
    asked: list[str]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("no Chromium in the path: looked for chromium, chromium-browser, google-chrome")
    folder = tmp_path_factory.mktemp("report")
    report = write_report(busy_story(9_000, 60).record(), SECTIONS, folder)
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=list(FLAGS))
        page = browser.new_context(
            offline=True, color_scheme="light", viewport={"width": 1280, "height": 900}
        ).new_page()
        said: list[str] = []
        asked: list[str] = []
        page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: said.append(f"error: {error}"))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(report.as_uri())
        page.wait_for_selector("body[data-ready]")
        yield Opened(page, folder, said, asked)
        browser.close()


def test_the_page_says_nothing_and_asks_for_nothing_but_itself(opened: Opened) -> None:
    assert opened.said == []
    assert opened.asked == [(opened.folder / "report.html").as_uri()]


def test_numbers_on_the_page_are_those_of_metrics_json(opened: Opened) -> None:
    shown = opened.page.eval_on_selector_all(
        "[data-metric]", "items => items.map(item => [item.dataset.metric, item.textContent])"
    )
    written = json.loads((opened.folder / "metrics.json").read_text("utf-8"))
    assert {key for key, _ in shown} == written.keys()
    assert [(key, text) for key, text in shown if written[key]["text"] != text] == []


def test_every_picture_is_drawn(opened: Opened) -> None:
    # A canvas with more than one colour: something other than paper is on it.
    inked = opened.page.evaluate(
        """() => [...document.querySelectorAll("[data-figure]")].map((holder) => {
             const canvases = [];
             const walk = (node) => {
               if (node instanceof HTMLCanvasElement) canvases.push(node);
               for (const child of [...(node.shadowRoot?.children ?? []), ...node.children]) walk(child);
             };
             walk(holder);
             const pixels = canvases.filter((one) => one.width).map(
               (one) => new Uint32Array(one.getContext("2d").getImageData(0, 0, one.width, one.height).data.buffer));
             return [holder.dataset.figure, pixels.some((colours) => new Set(colours).size > 1)];
           })"""
    )
    assert inked == [
        [f"figure-{name}", True] for name in ("equity", "returns", "price", "inventory", "trades", "costs")
    ]


def test_zooming_into_equity_zooms_into_drawdown(opened: Opened) -> None:
    bounds = opened.page.evaluate(
        """async () => {
             const [above, below] = Bokeh.documents[0].roots()[0].children;
             const middle = (above.x_range.start + above.x_range.end) / 2;
             above.x_range.end = middle;
             return [below.x_range.end, middle];
           }"""
    )
    assert bounds[0] == bounds[1]


def test_turning_a_page_of_a_table_shows_tags_as_text(opened: Opened) -> None:
    table = opened.page.locator("#orders-list")
    table.get_by_role("button", name="Next").click()
    assert table.locator(".place").inner_text() == "21 to 40"
    rows = table.locator("tbody tr")
    assert rows.count() == 20
    assert rows.first.locator("td").nth(1).inner_text() == "cross 21"
    # The tags are "<b>...</b>": nothing in the table may be bold.
    assert table.locator("tbody b").count() == 0
    assert "<b>" in table.locator("tbody").inner_text()


def test_a_table_can_be_taken_along_as_csv(opened: Opened) -> None:
    with opened.page.expect_download() as download:
        opened.page.locator("#fills .save").click()
    assert download.value.suggested_filename == "fills.csv"
    with open(download.value.path(), encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    written = json.loads((opened.folder / "metrics.json").read_text("utf-8"))
    assert len(rows) == written["fills"]["value"]
    assert {row["side"] for row in rows} == {"buy", "sell"}


def test_every_heading_has_a_link_that_leads_to_it(opened: Opened) -> None:
    targets = opened.page.eval_on_selector_all("nav a", "links => links.map(link => link.getAttribute('href'))")
    headings = opened.page.eval_on_selector_all("h2", "heads => heads.map(head => '#' + head.id)")
    assert targets == headings
    assert len(targets) == len(SECTIONS)


def test_pictures_follow_the_colour_scheme_and_the_page_stays_silent(opened: Opened) -> None:
    opened.page.emulate_media(color_scheme="dark")
    opened.page.wait_for_function(
        "() => [...document.querySelectorAll('[data-figure]')].every((one) => one.dataset.drawn === 'dark')"
    )
    assert opened.page.locator("[data-figure='figure-costs'] .bk-Figure").count() == 1
    assert opened.said == []


def test_the_page_prints(opened: Opened) -> None:
    assert opened.page.pdf()[:5] == b"%PDF-"
