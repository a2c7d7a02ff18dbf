"""The map page of a world in a headless browser: size, time to open, frames while it is panned.

``python benchmarks/map_page.py WORLD``: an output folder, such as one with a million sites. Wall times are those of
a machine that does nothing else; processor times are those of the page's main thread.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright
from table import head, row

from closedworld import open_world

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession

CHROMIUM = "/usr/bin/chromium"
VIEWS = {"the globe": "", "a continent": "at=50,8,40", "a town": "at=48.14,11.58,3000"}
SECONDS = 4

PAN = """(seconds) => new Promise((resolve) => {
  const { view, moved, frames } = window.closedworld;
  const [first, began] = [frames(), performance.now()];
  const step = () => {
    view.pan(-6, 2);
    moved();
    if (performance.now() - began < 1000 * seconds) requestAnimationFrame(step);
    else resolve([frames() - first, (performance.now() - began) / 1000]);
  };
  step();
})"""


def thread_seconds(session: CDPSession) -> float:
    """Return the processor time of the main thread so far."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(float(one["value"]) for one in metrics if one["name"] == "ThreadTime")


def main(world: str) -> None:
    """Write the page of a world, open it in each view and pan it."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder) / "map.html"
        open_world(world).explore().save(path)
        head(
            f"{path.stat().st_size / 1e6:.1f} MB",
            "opened, wall",
            "processor",
            "frames/s",
            "processor / frame",
        )
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        for name, link in VIEWS.items():
            tab = browser.new_page(viewport={"width": 1280, "height": 800})
            session = tab.context.new_cdp_session(tab)
            session.send("Performance.enable", {"timeDomain": "threadTicks"})
            began = time.perf_counter()
            tab.goto(f"{path.as_uri()}#{link}")
            tab.wait_for_selector("html[data-ready]")
            opened = time.perf_counter() - began
            tab.wait_for_selector("html[data-done=true]")
            before = thread_seconds(session)
            frames, seconds = tab.evaluate(PAN, SECONDS)
            each = (thread_seconds(session) - before) / frames
            row(
                name,
                f"{opened:.2f} s",
                f"{before:.2f} s",
                f"{frames / seconds:.0f}",
                f"{1000 * each:.0f} ms",
            )
            tab.close()
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
