"""The spans of the world compared with GDAL's rasterisation, in one process: only the arithmetic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from measure import Form, median_seconds
from rasterio.features import rasterize
from rasterio.transform import from_origin
from table import row
from world import GRID, coarser

from closedworld import Rule, bundled, read_countries, region_spans

if TYPE_CHECKING:
    from closedworld import Grid


def compare_spans(runs: int, grid: Grid) -> None:
    """Time the spans of the world and GDAL's rasterisation, and compare the tiles."""
    countries = read_countries(bundled("countries.parquet").path)
    regions = [country.features for country in countries]
    spans = region_spans(regions, grid, Rule.CENTER)
    tiles = sum(own.tile_count for own in spans)
    ours = median_seconds(lambda: region_spans(regions, grid, Rule.CENTER), 3 * runs)
    shapes = [(f, code) for code, polygons in enumerate(regions, 1) for f in polygons]
    transform = from_origin(grid.west, grid.north, grid.cell_width, grid.cell_height)
    size = (grid.n_rows, grid.n_cols)
    reused = np.zeros(size, np.uint8 if len(regions) < 256 else np.uint16)
    ways = {
        "as documented": lambda: rasterize(shapes, out_shape=size, transform=transform),
        "best form, into a reused uint8 array": lambda: rasterize(
            shapes, out=reused, transform=transform
        ),
    }
    for name, way in ways.items():
        theirs = median_seconds(way, runs)
        row(
            f"spans of the world, {tiles:,} tiles",
            f"`rasterio.features.rasterize`, {name}",
            f"{ours * 1e3:.0f} ms",
            f"{theirs:.2f} s",
            f"{theirs / ours:.0f} x as fast",
            ">= 50 x" if name == "as documented" else "",
        )
    counts = np.bincount(reused.ravel(), minlength=len(regions) + 1)[1:]
    differing = sum(a != own.tile_count for a, own in zip(counts.tolist(), spans, strict=True))
    row("- countries whose number of tiles differs from GDAL's", "", str(differing), "", "", "0")


if __name__ == "__main__":
    form = Form.asked(__doc__)
    compare_spans(form.runs, coarser(4) if form.quick else GRID)
