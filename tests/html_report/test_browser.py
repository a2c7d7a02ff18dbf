"""The page in a real browser: silent, on its own, sorted and filtered, readable on a phone."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from tabs import BROKEN_IMAGES, listened_to, needs_browser

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Browser
    from playwright.sync_api import Page as Tab
    from tabs import Heard

pytestmark = [needs_browser, pytest.mark.slow]


@pytest.fixture
def open_page(browser: Browser) -> Callable[..., tuple[Tab, Heard]]:
    """Open a page in a tab of its own, listening to what it does."""

    def open_in(path: Path, *, width: int = 1280, scheme: str = "light") -> tuple[Tab, Heard]:
        tab, heard = listened_to(browser, width, dark=scheme == "dark")
        tab.goto(path.as_uri())
        heard.requests = [url for url in heard.requests if not url.startswith("data:")]
        return tab, heard

    return open_in


def column(tab: Tab, number: int) -> list[str]:
    """Return the cells of a column of the table of countries that are seen, from the top."""
    cells = tab.locator(f"#country-table tbody tr:visible > :nth-child({number})")
    return [text.strip() for text in cells.all_inner_texts()]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", ["newer", "hostile"])
def test_nothing_is_said_and_nothing_is_asked_for(
    kind: str,
    scheme: str,
    request: pytest.FixtureRequest,
    open_page: Callable[..., tuple[Tab, Heard]],
) -> None:
    """No line on the console, no request but the page itself; hostile text runs nowhere."""
    path: Path = request.getfixturevalue(kind)
    tab, heard = open_page(path, scheme=scheme)
    assert heard.messages == []
    assert heard.requests == [path.as_uri()]
    assert tab.evaluate("window.hacked === undefined")
    assert tab.evaluate(BROKEN_IMAGES) == 0


def test_hostile_names_are_shown_as_they_are(
    hostile: Path, open_page: Callable[..., tuple[Tab, Heard]]
) -> None:
    tab, _ = open_page(hostile)
    assert column(tab, 1)[0].startswith("<script>window.hacked=1</script>\"'><img src=")


def test_the_table_sorts_by_every_column_both_ways(
    newer: Path, open_page: Callable[..., tuple[Tab, Heard]]
) -> None:
    """Numbers by size, names by letter; what has no figure stays at the end."""
    tab, heard = open_page(newer)
    assert column(tab, 2) == ["LU", "MT", "MC"]
    people = tab.locator("#country-table thead th", has_text="People")
    assert people.get_attribute("aria-sort") == "descending"
    people.get_by_role("button").click()
    assert people.get_attribute("aria-sort") == "ascending"
    assert column(tab, 2) == ["MT", "LU", "MC"]
    tab.get_by_role("button", name="Country").click()
    assert column(tab, 1) == ["Luxembourg", "Malta", "Monaco"]
    tab.get_by_role("button", name="Country").click()
    assert column(tab, 1) == ["Monaco", "Malta", "Luxembourg"]
    for _ in range(2):
        # Monaco has no tile, so no share of tiles.
        tab.get_by_role("button", name="Share without").click()
        assert column(tab, 2)[-1] == "MC"
    assert tab.locator("#country-table th[aria-sort]").count() == 1
    assert heard.messages == []


def test_the_table_is_searched_and_filtered(
    newer: Path, open_page: Callable[..., tuple[Tab, Heard]]
) -> None:
    """By name or code, whatever the case and accents; by remarks; and it says how many are left."""
    tab, heard = open_page(newer)
    search, count = tab.locator("#search"), tab.locator("#count")
    assert count.inner_text() == "3 of 3"
    for words, expected in (
        ("LUX", ["LU"]),
        ("mt", ["MT"]),
        ("mónaco", ["MC"]),
        ("m", ["LU", "MT", "MC"]),
    ):
        search.fill(words)
        assert column(tab, 2) == expected
    search.fill("nowhere")
    assert column(tab, 2) == []
    assert tab.locator("#nothing").is_visible()
    assert count.inner_text() == "0 of 3"
    search.fill("")
    tab.locator("#remarked").check()
    assert column(tab, 2) == ["MC"]
    assert heard.messages == []


def test_the_map_is_one_to_walk_through(
    newer: Path, open_page: Callable[..., tuple[Tab, Heard]]
) -> None:
    """Instead of the pictures, which readers without scripts see."""
    tab, heard = open_page(newer)
    tab.locator("iframe.live").scroll_into_view_if_needed()
    inside = tab.frame_locator("iframe.live")
    inside.locator("html[data-done=true]").wait_for(state="attached")
    assert tab.locator("figure.map").count() == 0
    inside.locator("#search").fill("Luxembourg")
    inside.locator("#search").press("Enter")
    assert "Luxembourg" in inside.locator("#said").inner_text()
    assert heard.messages == []
    assert [url for url in heard.requests if not url.startswith(("data:", "about:"))] == [
        newer.as_uri()
    ]


def test_the_table_is_whole_without_scripts(newer: Path, browser: Browser) -> None:
    """Then there is nothing to search with, and all rows are there."""
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(newer.as_uri())
    assert column(tab, 2) == ["LU", "MT", "MC"]
    assert not tab.locator(".controls").is_visible()
    assert tab.locator("figure.map").count() == 2
    assert not tab.locator("iframe.live").is_visible()
    context.close()


@pytest.mark.parametrize("kind", ["newer", "hostile"])
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_no_width_makes_the_page_scroll_sideways(
    width: int,
    kind: str,
    request: pytest.FixtureRequest,
    open_page: Callable[..., tuple[Tab, Heard]],
) -> None:
    """Wide tables scroll in boxes of their own."""
    tab, _ = open_page(request.getfixturevalue(kind), width=width)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width


CONTRASTS = """() => {
  const luminance = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map((c) => {
      const s = Number(c) / 255;
      return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const isClear = (colour) => /rgba\\(.*, 0\\)/.test(colour);
  const groundOf = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (!isClear(colour)) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const worst = {};
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !element.checkVisibility() || ["SCRIPT", "TITLE"].includes(element.tagName.toUpperCase())) continue;
    const style = getComputedStyle(element);
    const ink = element instanceof SVGElement ? style.fill : style.color;
    const [a, b] = [luminance(ink), luminance(groundOf(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) worst[`${element.tagName} ${element.getAttribute("class")}`] = ratio;
  }
  return worst;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_has_the_contrast_that_wcag_asks_for(
    scheme: str, newer: Path, open_page: Callable[..., tuple[Tab, Heard]]
) -> None:
    """4.5 to 1 at least (WCAG 2.2, 1.4.3, level AA), against the ground it stands on."""
    tab, _ = open_page(newer, scheme=scheme)
    assert tab.evaluate(CONTRASTS) == {}


def test_who_cannot_see_gets_words(
    newer: Path, open_page: Callable[..., tuple[Tab, Heard]]
) -> None:
    """Headings descend by one level at most; pictures, charts and fields have names."""
    tab, _ = open_page(newer)
    levels = tab.evaluate(
        "[...document.querySelectorAll('h1,h2,h3,h4')].map(head => Number(head.tagName[1]))"
    )
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
    unnamed = (
        "[...document.querySelectorAll('img,[role=img],[role=region],nav,section')].filter(e =>"
        " !e.alt && !e.getAttribute('aria-label')"
        " && !document.getElementById(e.getAttribute('aria-labelledby'))).length"
    )
    assert tab.evaluate(unnamed) == 0
    assert tab.get_by_label("Search").count() == 1
    assert tab.evaluate("document.querySelectorAll('th:not([scope])').length") == 0
