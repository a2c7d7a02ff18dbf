"""Tabs of a real browser, and what pages in them do besides showing themselves."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser
    from playwright.sync_api import Page as Tab

_CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

BROKEN_IMAGES = (
    "[...document.images].filter(image => !image.complete || !image.naturalWidth).length"
)
"""How many pictures of a page are not shown, in JavaScript."""

needs_browser = pytest.mark.skipif(
    _CHROMIUM is None,
    reason="there is no chromium on the path; `apt-get install chromium` brings it",
)


@dataclass(slots=True)
class Heard:
    """What a tab did besides showing its page.

    Attributes:
        messages: Lines on the console, and errors of scripts.
        requests: Addresses asked for.
    """

    messages: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def only_browser() -> Iterator[Browser]:
    """Run a browser that does nothing of its own accord; a process may have no second."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 -- most tests have none

    with sync_playwright() as playwright:
        one = playwright.chromium.launch(executable_path=_CHROMIUM, args=_OPTIONS)
        yield one
        one.close()


@pytest.fixture
def browser(only_browser: Browser) -> Iterator[Browser]:
    """Lend the browser to a test, and close its tabs."""
    yield only_browser
    for context in only_browser.contexts:
        context.close()


def listened_to(browser: Browser, width: int, *, dark: bool) -> tuple[Tab, Heard]:
    """Return a new tab, and what it is going to be heard doing."""
    tab = browser.new_page(
        viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light"
    )
    # No test fails because the machine is busy.
    tab.set_default_timeout(120_000)
    heard = Heard()
    tab.on("console", lambda said: heard.messages.append(said.text))
    tab.on("pageerror", lambda error: heard.messages.append(str(error)))
    tab.on("request", lambda asked: heard.requests.append(asked.url))
    return tab, heard
