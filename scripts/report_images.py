"""Make the pictures of docs/how-to/report.md: the report page of a run in headless chromium.

Usage: python scripts/report_images.py RUN
"""

from __future__ import annotations

import base64
import re
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from closedworld.html_report import write_page

IMAGES = Path(__file__).parents[1] / "docs" / "images"
COLOURS = 128


def main() -> None:
    """Write the page of a run and take its pictures."""
    page = write_page(sys.argv[1])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        light = browser.new_page(viewport={"width": 1200, "height": 1230})
        light.goto(page.as_uri())
        take(light, "report.png")
        address = re.findall(r'src="data:image/png;base64,([^"]+)', page.read_text("utf-8"))[1]
        (IMAGES / "weights.png").write_bytes(base64.b64decode(address))
        dark = browser.new_page(viewport={"width": 1200, "height": 1290}, color_scheme="dark")
        dark.goto(page.as_uri())
        dark.set_viewport_size({"width": 1200, "height": 800})
        dark.evaluate("document.getElementById('countries').scrollIntoView({behavior: 'instant'})")
        take(dark, "report-countries.png")
        dark.evaluate("document.getElementById('time-title').scrollIntoView({behavior: 'instant'})")
        take(dark, "report-time.png")
        phone = browser.new_page(viewport={"width": 390, "height": 1100}, device_scale_factor=1.5)
        phone.goto(page.as_uri())
        take(phone, "report-phone.png")
        browser.close()


def take(page: Page, name: str) -> None:
    """Write what is seen of a page, in few colours to keep the repository small."""
    path = IMAGES / name
    page.screenshot(path=path)
    with Image.open(path) as image:
        image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path}: {path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
