"""Make the pictures of maps in README and documentation: views of map pages in headless chromium.

Usage: python scripts/map_images.py RUN (a world with purchases, such as `closedworld purchases --out RUN` makes)

Builds Malta under both rules, and outlets in Portugal, in scratch space.
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

import closedworld as cw

IMAGES = Path(__file__).parents[1] / "docs" / "images"
COLOURS = 256
THIRD, GAP = 420, 10
ZOOMS = ("at=20,10,2.9&by=weight", "at=41,14,40&by=weight", "at=35.93,14.4,900&by=weight")
"""The world, a country, single tiles."""

LOOKS = (
    ("explore-light.png", 1200, False),
    ("explore-dark.png", 1200, True),
    ("explore-phone.png", 390, False),
)
OUTLETS = {
    "restaurant": 3600, "grocery": 900, "convenience": 900, "fast_food": 700, "pharmacy": 700,
    "fashion": 700, "bank": 600, "cars": 500, "fuel": 400, "hotel": 300,
}  # fmt: skip
"""Outlets in Portugal, about as many of each kind as there are in all for 1,000 people."""


def main() -> None:
    """Write the pages and take their pictures."""
    world = cw.open_world(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        scratch = Path(folder)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = scratch / "world.html"
        world.explore().save(page)
        keep(take(browser, page, ZOOMS[0]), "explore-world.png")
        keep(take(browser, page, "card=card-07033", dark=True), "explore-life.png")
        for name, width, dark in LOOKS:
            views = [take(browser, page, link, width=width, dark=dark) for link in ZOOMS]
            keep(side_by_side(views), name)
        outlets(scratch).save(page)
        keep(take(browser, page, "at=38.76,-9.2,1500"), "sites.png")
        rules(scratch).save(page)
        keep(take(browser, page, "at=36.045,14.275,4000&mode=differences"), "rules.png")
        keep(take(browser, page, "at=36.045,14.275,4000&mode=swipe"), "explore-tiles.png")
        browser.close()


def rules(scratch: Path) -> cw.MapPage:
    """Return the map of Malta under both rules, on tiles of 30 arc-seconds."""
    for rule in cw.Rule:
        config = cw.RunConfig(
            out=scratch / rule, rule=rule, countries="MT", resolution="30s", basis="area_m2"
        )
        cw.run_world(config)
    wide, own = (cw.open_world(scratch / rule) for rule in ("any_overlap", "center"))
    return wide.explore(beside=own)


def outlets(scratch: Path) -> cw.MapPage:
    """Return the map of outlets in Portugal."""
    merchants = scratch / "merchants.csv"
    rows = [f"{kind},PT,{count},{kind},none" for kind, count in OUTLETS.items()]
    head = "merchant_id,country_iso,n,category,spacing"
    merchants.write_text("\n".join([head, *rows, ""]), encoding="utf-8")
    out = scratch / "portugal"
    # Under rule center, Lisbon's own tile is left out: its centre lies in the Tagus.
    config = cw.RunConfig(
        countries=("PT", "ES"), merchants=merchants, seed=7, rule="any_overlap", out=out
    )
    cw.run_world(config)
    return cw.open_world(out).explore()


def take(
    browser: Browser, page: Path, link: str, *, width: int = 1200, dark: bool = False
) -> Image.Image:
    """Return what a link shows."""
    tab = browser.new_page(
        viewport={"width": width, "height": 760}, color_scheme="dark" if dark else "light"
    )
    tab.goto(f"{page.as_uri()}#{link}")
    tab.wait_for_selector("html[data-done=true]")
    picture = Image.open(io.BytesIO(tab.screenshot())).convert("RGB")
    tab.close()
    return picture


def side_by_side(pictures: list[Image.Image]) -> Image.Image:
    """Return pictures of one size beside each other, a third as wide as a wide page each."""
    width, height = pictures[0].size
    size = (THIRD, height * THIRD // width)
    sheet = Image.new("RGB", (len(pictures) * (THIRD + GAP) - GAP, size[1]), "white")
    for number, one in enumerate(pictures):
        sheet.paste(one.resize(size, Image.Resampling.LANCZOS), (number * (THIRD + GAP), 0))
    return sheet


def keep(picture: Image.Image, name: str) -> None:
    """Write a picture, in few colours to keep the repository small."""
    path = IMAGES / name
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path}: {path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
