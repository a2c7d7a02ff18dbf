"""The built site: strict, on its own, and readable on a phone and in the dark."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tabs import BROKEN_IMAGES, listened_to, needs_browser

import closedworld
from closedworld.cli import main
from closedworld.datasets import DATASETS
from closedworld.errors.codes import ERROR_CODES, WARNING_CODES

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser
    from playwright.sync_api import Page as Tab
    from tabs import Heard

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` does, without a warning."""
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-nWq", "--keep-going", str(ROOT / "docs"), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture
def open_page(site: Path, browser: Browser) -> Callable[..., tuple[Tab, Heard]]:
    """Open a page of the site in a tab, listening to what it does."""

    def open_in(page: str) -> tuple[Tab, Heard]:
        tab, heard = listened_to(browser, 1280, dark=False)
        tab.goto((site / page).as_uri())
        tab.wait_for_load_state("networkidle")
        return tab, heard

    return open_in


PAGES = [
    "index.html",
    "tutorial/first-world.html",
    "how-to/query.html",
    "explanation/rules.html",
    "reference/commands.html",
    "reference/python.html",
    "reference/datasets.html",
    "reference/errors.html",
    "performance.html",
]


@needs_browser
@pytest.mark.parametrize("page", PAGES)
def test_a_page_asks_nothing_of_the_web_and_no_width_makes_it_scroll_sideways(
    page: str, site: Path, open_page: Callable[..., tuple[Tab, Heard]]
) -> None:
    """Fonts, styles, scripts and pictures are the site's own and there, by day and by night; wide tables and
    code scroll in boxes.
    """
    tab, heard = open_page(page)
    for scheme in ("light", "dark"):
        tab.emulate_media(color_scheme=scheme)
        tab.wait_for_selector(f"html[data-theme={scheme}]")
        for width in (1280, 390, 320):
            tab.set_viewport_size({"width": width, "height": 900})
            assert tab.evaluate("document.documentElement.scrollWidth") <= width
        tab.wait_for_function(f"!{BROKEN_IMAGES}")
    own = (site.as_uri(), "data:")
    assert [url for url in heard.requests if not url.startswith(own)] == []
    # The theme says on the console which mode it took.
    assert [said for said in heard.messages if not said.startswith("[PST]: Changed to")] == []


@needs_browser
def test_the_start_page_leads_to_the_four_kinds(
    open_page: Callable[..., tuple[Tab, Heard]],
) -> None:
    tab, _ = open_page("index.html")
    for kind in ("Tutorial", "How to", "Explanation", "Reference"):
        tab.goto(tab.url)
        tab.locator("article").get_by_role("link", name=kind, exact=True).click()
        assert kind in tab.title()
        tab.go_back()


def test_the_reference_has_every_command_name_column_and_code(site: Path) -> None:
    """As anchors where others can point to, or as words."""
    reference = {
        page.stem: page.read_text(encoding="utf-8") for page in site.glob("reference/*.html")
    }
    for command in main.commands.values():
        for option in command.params:
            for spelling in option.opts:
                assert spelling in reference["commands"]
    for name in set(closedworld.__all__) - {"__version__"}:
        assert f'id="closedworld.{name}"' in reference["python"]
    for spec in DATASETS.values():
        for column in spec.schema.names:
            assert f">{column}<" in reference["datasets"]
    for codes in [*ERROR_CODES.values(), WARNING_CODES]:
        for code in codes:
            assert f">{code}<" in reference["errors"]
