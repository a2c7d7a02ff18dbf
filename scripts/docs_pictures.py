"""Draw the pictures of README and documentation with the program itself.

Runs `closedworld tiles --resolution 30s` on the bundled countries (some 400 MB of scratch space) and
takes its map; draws Gozo under both rules, and outlets in Lisbon.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from closedworld import Grid, RowSpans, RunConfig, bundled, read_countries, run_world
from closedworld.html_report.site_pictures import draw_town
from closedworld.maps import Window, draw_closeup
from closedworld.published.results import open_published
from closedworld.published.tile_index import open_index
from closedworld.stages import TILES

IMAGES = Path(__file__).parents[1] / "docs" / "images"
OUTLETS = {
    "restaurant": 3600, "grocery": 900, "convenience": 900, "fast_food": 700, "pharmacy": 700,
    "fashion": 700, "bank": 600, "cars": 500, "fuel": 400, "hotel": 300,
}  # fmt: skip
"""Outlets in Portugal, about as many of each kind as there are in all for 1,000 people."""

GOZO = Window(west=14.155, south=35.985, east=14.395, north=36.105)


def main() -> None:
    """Draw both pictures."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        outcome = run_world(RunConfig(resolution="30s", out=Path(scratch)))
        shutil.copy(outcome.report_folder / TILES.picture_name, IMAGES / "world.png")
        draw_outlets(Path(scratch))
    malta = read_countries(bundled("countries.parquet").path)["MT"].features[0]
    grid = Grid.from_resolution("30s")
    draw_closeup(
        RowSpans.from_polygon(malta, grid, "center"),
        RowSpans.from_polygon(malta, grid, "any_overlap"),
        malta,
        GOZO,
        IMAGES / "rules.png",
        title="Gozo",
        subtitle="Tiles of 30 arc-seconds, about 0.75 x 0.93 km here",
        credit="Border: Natural Earth 1:10m",
    )
    for picture in sorted(IMAGES.glob("*.png")):
        print(f"{picture.name}: {picture.stat().st_size:,} bytes")


def draw_outlets(scratch: Path) -> None:
    """Place outlets in Portugal and draw those of its largest town."""
    merchants = scratch / "merchants.csv"
    rows = [f"{kind},PT,{count},{kind},none" for kind, count in OUTLETS.items()]
    head = "merchant_id,country_iso,n,category,spacing"
    merchants.write_text("\n".join([head, *rows, ""]), encoding="utf-8")
    out = scratch / "portugal"
    run_world(RunConfig(countries=("PT",), merchants=merchants, seed=7, out=out))
    countries = read_countries(bundled("countries.parquet").path).select(("PT", "ES"))
    draw_town(open_published(out, "sites"), open_index(out), countries, IMAGES / "sites.png")


if __name__ == "__main__":
    main()
