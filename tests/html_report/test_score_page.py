"""The page of a score: whole, silent, and with nothing of a file that a browser would run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from markupsafe import escape
from purchases import sparkov
from tabs import listened_to, needs_browser

from closedworld import score
from closedworld.html_report.score_page import write_score_page
from closedworld.worlds.scoring.figures import FEATURE_TITLES, FIGURES

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow

EVIL = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    table = sparkov()
    table["kind"] = [EVIL if flag else None for flag in table["is_fraud"]]
    table.loc[table.index[table["is_fraud"] == 1][0], "kind"] = "other"
    table.to_csv(folder / "table.csv")
    scored = score(folder / "table.csv", {"kind": "kind"})
    write_score_page(scored, folder / "score.html", scored)
    return folder / "score.html"


def test_it_has_every_figure_and_feature_and_escapes_what_files_say(page: Path) -> None:
    text = page.read_text()
    for one in FIGURES.values():
        assert one.title in text
        assert escape(one.what) in text
    for title in FEATURE_TITLES.values():
        assert title in text
    assert EVIL not in text
    assert "&lt;script&gt;" in text
    assert text.count("default-src &#39;none&#39;") == 1


@needs_browser
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("dark", [False, True])
def test_it_is_silent_and_fits(page: Path, browser: Browser, width: int, *, dark: bool) -> None:
    tab, heard = listened_to(browser, width, dark=dark)
    tab.goto(page.as_uri())
    assert heard.messages == []
    assert [url for url in heard.requests if not url.startswith("data:")] == [page.as_uri()]
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.locator("h2").count() == 5
