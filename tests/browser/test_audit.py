"""A governance officer's way: from the first page to a signed report that opens without a network."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import App, View, axe, serving, settled, visiting

HOSTILE = "<img src=x onerror=window.attacked=1>"
RUN_MS = 180_000


@pytest.fixture(scope="module")
def own(newsroom_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A server over a home of its own: an audit stays."""
    folder = tmp_path_factory.mktemp("officer")
    home = Path(shutil.copytree(newsroom_home, folder / "home"))
    with serving(home, folder / "server.log") as served:
        yield served


def fill(page: Page, label: str, text: str, nth: int = 0) -> None:
    page.get_by_label(label, exact=True).nth(nth).fill(text)
    page.get_by_label(label, exact=True).nth(nth).press("Tab")
    settled(page)


def test_from_the_first_page_to_a_signed_report(own: App, browser: Browser, tmp_path: Path) -> None:
    with visiting(own, browser, "light", 1280) as visitor:
        page = visitor.open("", "model=path")
        page.get_by_role("link", name="Audit: fix what counts as fair").click()
        settled(page)
        fill(page, "Your name", f"Ana {HOSTILE}")
        fill(page, "Your role", "governance officer")
        page.get_by_role("button", name="Fix the plan and run").click()
        expect(page.get_by_text("Auditing the lists of Path model").first).to_be_visible(timeout=30_000)
        expect(page.get_by_text("Auditing the lists of Path model").first).to_be_hidden(timeout=RUN_MS)
        settled(page)
        expect(page.get_by_text("Nobody has signed this audit yet")).to_be_visible()
        for part in ("Result", "Details", "Comparison", "Sign and export"):
            page.get_by_role("tab", name=part, exact=True).click()
            settled(page)
            assert axe(page) == [], part
        fill(page, "Your name", f"Ana {HOSTILE}")
        fill(page, "Your role", "governance officer")
        fill(page, "Comment", HOSTILE)
        page.get_by_role("button", name="Sign this audit").click()
        settled(page)
        expect(page.get_by_text("governance officer").first).to_be_visible(timeout=30_000)
        assert axe(page) == []
        files = {}
        for name, ending in (("Report (HTML", "html"), ("Record (JSON", "json")):
            with page.expect_download() as waiting:
                page.get_by_role("button", name=name).click()
            files[ending] = tmp_path / f"audit.{ending}"
            waiting.value.save_as(files[ending])
        assert page.evaluate("window.attacked") is None
    record = json.loads(files["json"].read_text())
    assert [s["role"] for s in record["signatures"]] == ["governance officer"]
    for dark, width in ((False, 1280), (True, 390)):
        context = browser.new_context(
            offline=True, color_scheme="dark" if dark else "light", viewport={"width": width, "height": 900}
        )
        kept, problems = context.new_page(), list[str]()
        kept.on("request", lambda r, log=problems: None if r.url.startswith("file:") else log.append(r.url))
        kept.on("console", lambda m, log=problems: log.append(m.text))
        kept.on("pageerror", lambda e, log=problems: log.append(str(e)))
        kept.goto(files["html"].as_uri())
        said = kept.inner_text("body")
        for part in (
            record["sha256"],
            record["verdict"]["reason"],
            HOSTILE,
            "governance officer",
        ):
            assert part in said
        assert kept.evaluate("document.documentElement.scrollWidth") <= width
        assert kept.evaluate("window.attacked") is None
        assert axe(kept) == []
        assert problems == []
        context.close()


def test_a_slider_moves_the_bars_and_a_moved_item_says_so(wide_view: View) -> None:
    page = wide_view.open("fairness", "by=author_group&strength=1.0&guarded=new")
    expect(page.get_by_text("places of").first).to_be_visible(timeout=60_000)
    before = page.get_by_text("lists hold another item").first.inner_text()
    page.get_by_role("slider", name="Share").press("Home")
    expect(page.get_by_text("lists hold another item").first).not_to_have_text(before, timeout=60_000)
    settled(page)
    assert "strength=0.0" in page.url


def test_a_click_on_a_square_opens_its_cell(wide_view: View) -> None:
    page = wide_view.open("fairness", "by=author_group")
    chart = page.locator(".st-key-cell-map .js-plotly-plot")
    square = chart.locator(".scatterlayer .trace").first.locator(".point").first
    square.scroll_into_view_if_needed()
    settled(page)
    drawn = chart.evaluate("chart => chart.data[0].customdata[0]")
    box = square.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_url("**people=**", timeout=30_000)
    settled(page)
    query = parse_qs(urlsplit(page.url).query)
    assert [query["people"], query["items"]] == [[drawn[0]], [drawn[1]]]
    expect(page.get_by_text(f"{drawn[0]} × {drawn[1]}").first).to_be_visible()
