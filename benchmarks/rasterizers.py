"""Finding the tiles of countries with closedworld and with its peers, each as a whole process.

All programs read the same polygons in the same way, each in its fastest form. One country
is answered with tile identifiers, the world with a raster of country codes (closedworld: with spans, which
are what its tiles are written from).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq
import shapely
from lattice import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from closedworld import RowSpans

WORLD = "world"


def by_no_one(_polygon: shapely.MultiPolygon, _cell: float) -> NDArray[np.integer]:
    """Find nothing: what it costs to start Python and to read the polygon."""
    return np.empty(0, np.int64)


def by_closedworld(polygon: shapely.MultiPolygon, cell: float) -> NDArray[np.integer]:
    """Expand the spans of the polygon."""
    return _spans([polygon], cell, "center")[0].tile_ids()


def touched_by_closedworld(polygon: shapely.MultiPolygon, cell: float) -> NDArray[np.integer]:
    """Expand the spans of every tile that the polygon shares area with."""
    return _spans([polygon], cell, "any_overlap")[0].tile_ids()


def by_rasterio(polygon: shapely.MultiPolygon, cell: float) -> NDArray[np.integer]:
    """Burn the polygon into its window."""
    from rasterio.features import rasterize

    window = Window.around(polygon, cell)
    return window.tile_ids(
        rasterize([polygon], out=np.zeros(window.shape, np.uint8), transform=window.transform)
    )


def by_rusterize(polygon: shapely.MultiPolygon, cell: float) -> NDArray[np.integer]:
    """Burn the polygon into its window."""
    window = Window.around(polygon, cell)
    return window.tile_ids(_rusterized([polygon], window, np.ones(1, np.uint8)))


def by_shapely(polygon: shapely.MultiPolygon, cell: float) -> NDArray[np.integer]:
    """Ask the prepared polygon for every centre of its window."""
    window = Window.around(polygon, cell)
    shapely.prepare(polygon)
    return window.tile_ids(
        shapely.contains_xy(polygon, window.lons()[np.newaxis, :], window.lats()[:, np.newaxis])
    )


def by_regionmask(polygon: shapely.MultiPolygon, cell: float) -> NDArray[np.integer]:
    """Mask the window."""
    import regionmask

    window = Window.around(polygon, cell)
    mask = regionmask.Regions([polygon]).mask(window.lons(), window.lats())
    return window.tile_ids(mask.to_numpy() == 0)


def touched_by_exactextract(polygon: shapely.MultiPolygon, cell: float) -> NDArray[np.integer]:
    """List the cells that the polygon covers some part of."""
    from exactextract import exact_extract
    from exactextract.feature import JSONFeatureSource
    from exactextract.raster import NumPyRasterSource

    window = Window.around(polygon, cell)
    west, south, east, north = window.extent
    raster = NumPyRasterSource(np.zeros(window.shape, np.uint8), west, south, east, north)
    feature = {"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(polygon)}
    (found,) = exact_extract(
        raster, JSONFeatureSource([feature]), ["cell_id", "center_x", "center_y"]
    )
    rows, cols = np.divmod(found["properties"]["cell_id"].astype(np.int64), window.shape[1])
    return window.tile_ids_at(rows, cols)


def world_by_closedworld(
    polygons: Sequence[shapely.MultiPolygon], cell: float
) -> NDArray[np.uint8]:
    """Find the spans of every country, then write each run of tiles into a raster."""
    codes = np.zeros(Window.whole(cell).shape, np.uint8)
    for code, own in enumerate(_spans(polygons, cell, "center"), 1):
        runs = zip(own.rows.tolist(), own.col_starts.tolist(), own.col_stops.tolist(), strict=True)
        for row, start, stop in runs:
            codes[row, start:stop] = code
    return codes


def world_by_rasterio(polygons: Sequence[shapely.MultiPolygon], cell: float) -> NDArray[np.uint8]:
    """Burn every country's code into one array."""
    from rasterio.features import rasterize

    window = Window.whole(cell)
    codes = np.zeros(window.shape, np.uint8)
    shapes = [(polygon, code) for code, polygon in enumerate(polygons, 1)]
    rasterize(shapes, out=codes, transform=window.transform)
    return codes


def world_by_rusterize(polygons: Sequence[shapely.MultiPolygon], cell: float) -> NDArray[np.uint8]:
    """Burn every country's code into one array."""
    codes = np.arange(1, len(polygons) + 1, dtype=np.uint8)
    return _rusterized(polygons, Window.whole(cell), codes)


def _spans(polygons: Sequence[shapely.MultiPolygon], cell: float, rule: str) -> list[RowSpans]:
    from closedworld import Grid, region_spans

    n_rows, n_cols = Window.whole(cell).shape
    grid = Grid(-180.0, 90.0, cell, cell, n_cols, n_rows)
    return region_spans([[polygon] for polygon in polygons], grid, rule)


def _rusterized(
    polygons: Sequence[shapely.MultiPolygon], window: Window, codes: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    from rusterize import rusterize

    burnt: NDArray[np.uint8] = rusterize(
        list(polygons),
        out_shape=window.shape,
        extent=window.extent,
        burn=codes,
        background=0,
        dtype="uint8",
        encoding="numpy",
    )
    return burnt.reshape(window.shape)


COUNTRY_FINDERS: dict[str, Callable[[Any, float], NDArray[np.integer]]] = {
    "nothing": by_no_one,
    "closedworld": by_closedworld,
    "closedworld-touched": touched_by_closedworld,
    "rasterio": by_rasterio,
    "rusterize": by_rusterize,
    "regionmask": by_regionmask,
    "shapely": by_shapely,
    "exactextract-touched": touched_by_exactextract,
}

WORLD_FINDERS: dict[str, Callable[[Sequence[Any], float], NDArray[np.uint8]]] = {
    "closedworld": world_by_closedworld,
    "rasterio": world_by_rasterio,
    "rusterize": world_by_rusterize,
}


def polygons_of(file: Path, country: str) -> list[shapely.MultiPolygon]:
    """Return the polygon of a country, or those of the world."""
    wanted = None if country == WORLD else [("country_iso", "==", country)]
    table = pq.read_table(file, columns=["geometry"], filters=wanted, use_threads=False)
    return list(shapely.from_wkb(table["geometry"].to_numpy()))


def main() -> None:
    """Find the tiles, and keep them if requested."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("finder", choices=COUNTRY_FINDERS)
    parser.add_argument("polygons", type=Path, help="GeoParquet")
    parser.add_argument("country", help=f"ISO code, or {WORLD}")
    parser.add_argument("seconds", type=int, help="cell size in arc-seconds")
    parser.add_argument("--keep", type=Path, help="write the answer there, as .npy")
    arguments = parser.parse_args()
    polygons = polygons_of(arguments.polygons, arguments.country)
    cell = arguments.seconds / 3600
    found = (
        WORLD_FINDERS[arguments.finder](polygons, cell)
        if arguments.country == WORLD
        else COUNTRY_FINDERS[arguments.finder](polygons[0], cell)
    )
    if arguments.keep:
        np.save(arguments.keep, found)


if __name__ == "__main__":
    main()
