"""Finding the tiles of countries with closedworld and with its peers, each as a whole process.

Everyone reads the same polygons in the same way and is asked in the form that suits it best. One country
is answered with tile identifiers, the world with a raster of country codes (closedworld: with spans, which
are what its tiles are written from).
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq
import shapely

from closedworld import Grid, Rule, bundled, region_spans

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from rasterio.transform import Affine

WORLD = "world"


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a grid that holds a polygon; rows and columns are half-open.

    Attributes:
        grid: The lattice.
        row_start: First row.
        row_stop: One past the last row.
        col_start: First column.
        col_stop: One past the last column.
    """

    grid: Grid
    row_start: int
    row_stop: int
    col_start: int
    col_stop: int

    @classmethod
    def around(cls, polygon: shapely.Geometry, grid: Grid) -> Window:
        """Return the smallest window that covers a polygon."""
        west, south, east, north = polygon.bounds
        return cls(
            grid,
            int(np.floor((grid.north - north) / grid.cell_height)),
            int(np.ceil((grid.north - south) / grid.cell_height)),
            int(np.floor((west - grid.west) / grid.cell_width)),
            int(np.ceil((east - grid.west) / grid.cell_width)),
        )

    @classmethod
    def whole(cls, grid: Grid) -> Window:
        """Return the window of all tiles."""
        return cls(grid, 0, grid.n_rows, 0, grid.n_cols)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.row_stop - self.row_start, self.col_stop - self.col_start

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """West, south, east and north edge, degrees."""
        grid = self.grid
        return (
            grid.west + self.col_start * grid.cell_width,
            grid.north - self.row_stop * grid.cell_height,
            grid.west + self.col_stop * grid.cell_width,
            grid.north - self.row_start * grid.cell_height,
        )

    @property
    def transform(self) -> Affine:
        """The transform that rasterio wants."""
        from rasterio.transform import from_origin

        west, _, _, north = self.extent
        return from_origin(west, north, self.grid.cell_width, self.grid.cell_height)

    def lons(self) -> NDArray[np.float64]:
        """Longitude of the centre of each column."""
        return self.grid.lon_center(np.arange(self.col_start, self.col_stop))

    def lats(self) -> NDArray[np.float64]:
        """Latitude of the centre of each row."""
        return self.grid.lat_center(np.arange(self.row_start, self.row_stop))

    def tile_ids(self, inside: NDArray[Any]) -> NDArray[np.uint64]:
        """Return the identifiers of the tiles where a mask of this window is not zero."""
        rows, cols = np.nonzero(inside)
        return self.grid.tile_id(rows + self.row_start, cols + self.col_start)


def by_closedworld(polygon: shapely.MultiPolygon, grid: Grid) -> NDArray[np.uint64]:
    """Expand the spans of the polygon."""
    return region_spans([[polygon]], grid, Rule.CENTER)[0].tile_ids()


def touched_by_closedworld(polygon: shapely.MultiPolygon, grid: Grid) -> NDArray[np.uint64]:
    """Expand the spans of every tile that the polygon shares area with."""
    return region_spans([[polygon]], grid, Rule.ANY_OVERLAP)[0].tile_ids()


def by_rasterio(polygon: shapely.MultiPolygon, grid: Grid) -> NDArray[np.uint64]:
    """Burn the polygon into its window."""
    from rasterio.features import rasterize

    window = Window.around(polygon, grid)
    return window.tile_ids(
        rasterize([polygon], out=np.zeros(window.shape, np.uint8), transform=window.transform)
    )


def by_rusterize(polygon: shapely.MultiPolygon, grid: Grid) -> NDArray[np.uint64]:
    """Burn the polygon into its window."""
    window = Window.around(polygon, grid)
    return window.tile_ids(_rusterized([polygon], window, np.ones(1, np.uint8)))


def by_shapely(polygon: shapely.MultiPolygon, grid: Grid) -> NDArray[np.uint64]:
    """Ask the prepared polygon for every centre of its window."""
    window = Window.around(polygon, grid)
    shapely.prepare(polygon)
    return window.tile_ids(
        shapely.contains_xy(polygon, window.lons()[np.newaxis, :], window.lats()[:, np.newaxis])
    )


def by_regionmask(polygon: shapely.MultiPolygon, grid: Grid) -> NDArray[np.uint64]:
    """Mask the window."""
    import regionmask

    window = Window.around(polygon, grid)
    mask = regionmask.Regions([polygon]).mask(window.lons(), window.lats())
    return window.tile_ids(mask.to_numpy() == 0)


def touched_by_exactextract(polygon: shapely.MultiPolygon, grid: Grid) -> NDArray[np.uint64]:
    """List the cells that the polygon covers some part of."""
    from exactextract import exact_extract
    from exactextract.feature import JSONFeatureSource
    from exactextract.raster import NumPyRasterSource

    window = Window.around(polygon, grid)
    west, south, east, north = window.extent
    raster = NumPyRasterSource(np.zeros(window.shape, np.uint8), west, south, east, north)
    feature = {"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(polygon)}
    (found,) = exact_extract(
        raster, JSONFeatureSource([feature]), ["cell_id", "center_x", "center_y"]
    )
    rows, cols = np.divmod(found["properties"]["cell_id"].astype(np.int64), window.shape[1])
    return grid.tile_id(rows + window.row_start, cols + window.col_start)


def world_by_closedworld(polygons: Sequence[shapely.MultiPolygon], grid: Grid) -> NDArray[np.uint8]:
    """Find the spans of every country, then write each run of tiles into a raster."""
    codes = np.zeros((grid.n_rows, grid.n_cols), np.uint8)
    spans = region_spans([[polygon] for polygon in polygons], grid, Rule.CENTER)
    for code, own in enumerate(spans, 1):
        runs = zip(own.rows.tolist(), own.col_starts.tolist(), own.col_stops.tolist(), strict=True)
        for row, start, stop in runs:
            codes[row, start:stop] = code
    return codes


def world_by_rasterio(polygons: Sequence[shapely.MultiPolygon], grid: Grid) -> NDArray[np.uint8]:
    """Burn every country's code into one array."""
    from rasterio.features import rasterize

    window = Window.whole(grid)
    codes = np.zeros(window.shape, np.uint8)
    shapes = [(polygon, code) for code, polygon in enumerate(polygons, 1)]
    rasterize(shapes, out=codes, transform=window.transform)
    return codes


def world_by_rusterize(polygons: Sequence[shapely.MultiPolygon], grid: Grid) -> NDArray[np.uint8]:
    """Burn every country's code into one array."""
    codes = np.arange(1, len(polygons) + 1, dtype=np.uint8)
    return _rusterized(polygons, Window.whole(grid), codes)


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


COUNTRY_FINDERS: dict[str, Callable[[Any, Grid], NDArray[np.uint64]]] = {
    "closedworld": by_closedworld,
    "closedworld-touched": touched_by_closedworld,
    "rasterio": by_rasterio,
    "rusterize": by_rusterize,
    "regionmask": by_regionmask,
    "shapely": by_shapely,
    "exactextract-touched": touched_by_exactextract,
}

WORLD_FINDERS: dict[str, Callable[[Sequence[Any], Grid], NDArray[np.uint8]]] = {
    "closedworld": world_by_closedworld,
    "rasterio": world_by_rasterio,
    "rusterize": world_by_rusterize,
}


def polygons_of(country: str) -> list[shapely.MultiPolygon]:
    """Return the polygon of a country, or those of the world."""
    wanted = None if country == WORLD else [("country_iso", "==", country)]
    table = pq.read_table(
        bundled("countries.parquet").path, columns=["geometry"], filters=wanted, use_threads=False
    )
    return list(shapely.from_wkb(table["geometry"].to_numpy()))


def main() -> None:
    """Find the tiles, and keep them when asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("finder", choices=COUNTRY_FINDERS)
    parser.add_argument("country", help=f"ISO code, or {WORLD}")
    parser.add_argument("resolution")
    parser.add_argument("--keep", type=Path, help="write the answer there, as .npy")
    arguments = parser.parse_args()
    grid = Grid.from_resolution(arguments.resolution)
    polygons = polygons_of(arguments.country)
    found = (
        WORLD_FINDERS[arguments.finder](polygons, grid)
        if arguments.country == WORLD
        else COUNTRY_FINDERS[arguments.finder](polygons[0], grid)
    )
    if arguments.keep:
        np.save(arguments.keep, found)


if __name__ == "__main__":
    main()
