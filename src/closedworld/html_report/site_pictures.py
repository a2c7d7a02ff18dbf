"""Pictures of sites: a map of the world by kind of merchant, and the streets of the town with most of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from closedworld.datasets import SITES
from closedworld.inputs.regions.country_set import CountrySet
from closedworld.kernels.grid import Grid
from closedworld.kernels.placing.towns import KM_PER_DEGREE
from closedworld.kernels.spans import RowSpans, Rule, region_spans
from closedworld.maps.points_map import draw_points_map
from closedworld.published.tile_index import PublishedIndex
from closedworld.sanitize import number_of
from closedworld.store.reading import Published

Points = Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]]

GROUPS = {
    "everyday shops": ("grocery", "convenience", "discount", "pharmacy"),
    "food and drink": ("restaurant", "fast_food"),
    "other shops and services": (),
    "fuel and cars": ("fuel", "cars"),
}
"""Kinds of merchants that are drawn in one colour; the empty group has all others."""

_TOWN_KM, _WIDE, _AROUND = 8.0, 1.6, 1.4
_TOWN_CELLS = 1 << 11
_CREDIT = "places: GeoNames, CC BY 4.0"


@dataclass(frozen=True, slots=True)
class Town:
    """A town and the sites around it.

    Attributes:
        name: Its name.
        country_iso: Its country.
        lon: Longitude of the middle of its sites, degrees.
        lat: Latitude.
    """

    name: str
    country_iso: str
    lon: float
    lat: float


def draw_sites(published: Published, index: PublishedIndex, path: Path) -> str:
    """Draw the sites of all countries, and return a description."""
    points = _points(published, None)
    count = sum(len(lons) for lons, _ in points.values())
    isos = published.receipt.parameters["countries"]
    draw_points_map(
        [own for iso, own in index.spans.items() if iso in isos],
        points,
        path,
        title="Sites",
        subtitle=f"{number_of(count, 'outlet', 'outlets')} by kind of merchant",
        credit=_CREDIT,
    )
    return f"Map of {number_of(count, 'site', 'sites')}: {', '.join(points)}."


def draw_town(
    published: Published, index: PublishedIndex, countries: CountrySet | None, path: Path
) -> tuple[Town, str] | None:
    """Draw the sites of the town that has most of them; return it with a description, or None without one."""
    town = _largest_town(published)
    if town is None:
        return None
    box, around = _box(town, 1.0), _box(town, _AROUND)
    points = _points(published, around)
    grid, land = _land(index, countries, around)
    draw_points_map(
        [land],
        points,
        path,
        title=f"Sites in {town.name} ({town.country_iso})",
        subtitle=f"by kind of merchant, {2 * _TOWN_KM:g} km from north to south",
        credit=_CREDIT,
        frame=RowSpans.from_polygon(shapely.box(*box), grid, Rule.CENTER),
    )
    inside = _points(published, box)
    count = sum(len(lons) for lons, _ in inside.values())
    return town, f"Close-up of {number_of(count, 'site', 'sites')} in and around {town.name}."


def _largest_town(published: Published) -> Town | None:
    counts: dict[tuple[str, str], int] = {}
    for batch in _batches(published, ["country_iso", "place"]):
        grouped = pa.table(batch.select(["country_iso", "place"])).group_by(
            ["country_iso", "place"]
        )
        for row in grouped.aggregate([([], "count_all")]).to_pylist():
            if row["place"] is not None:
                key = row["country_iso"], row["place"]
                counts[key] = counts.get(key, 0) + row["count_all"]
    if not counts:
        return None
    iso, name = min(counts, key=lambda key: (-counts[key], key))
    here = (pc.field("country_iso") == iso) & (pc.field("place") == name)
    rows = published.dataset(SITES.name).to_table(columns=["lon", "lat"], filter=here)
    rows = rows.drop_null()
    # Of the median: a town across 180 degrees would have its middle elsewhere, and none lies there.
    lon, lat = (float(np.median(rows[column].to_numpy())) for column in ("lon", "lat"))
    return Town(name, iso, lon, lat)


def _box(town: Town, times: float) -> tuple[float, float, float, float]:
    """Return west, south, east and north of a window on a town."""
    north = times * _TOWN_KM / KM_PER_DEGREE
    east = _WIDE * north / max(0.1, math.cos(math.radians(town.lat)))
    return town.lon - east, town.lat - north, town.lon + east, town.lat + north


def _points(published: Published, box: tuple[float, float, float, float] | None) -> Points:
    """Return the sites in a box, or all, by group."""
    group_of = {kind: name for name, kinds in GROUPS.items() for kind in kinds}
    (rest,) = (name for name, kinds in GROUPS.items() if not kinds)
    found: dict[str, list[NDArray[np.float64]]] = {name: [] for name in GROUPS}
    for batch in _batches(published, ["lon", "lat", "category"]):
        lons, lats = batch["lon"].to_numpy(), batch["lat"].to_numpy()
        inside = np.ones(len(lons), np.bool_)
        if box is not None:
            west, south, east, north = box
            inside = (lons >= west) & (lons <= east) & (lats >= south) & (lats <= north)
        names = np.array([group_of.get(kind, rest) for kind in batch["category"].to_pylist()])
        for name, own in found.items():
            some = inside & (names == name)
            own.append(np.stack([lons[some], lats[some]]))
    joined = {name: np.concatenate([np.empty((2, 0)), *own], axis=1) for name, own in found.items()}
    return {name: (own[0], own[1]) for name, own in joined.items() if own.size}


def _batches(published: Published, columns: list[str]) -> Iterator[pa.RecordBatch]:
    names = list(dict.fromkeys([*columns, "lon"]))
    for batch in published.dataset(SITES.name).to_batches(columns=names):
        yield batch.filter(batch["lon"].is_valid())


def _land(
    index: PublishedIndex, countries: CountrySet | None, box: tuple[float, float, float, float]
) -> tuple[Grid, RowSpans]:
    """Return a grid and the land in a box on it, as fine as the picture; the tiles themselves without polygons."""
    west, south, east, north = box
    cell = (east - west) / _TOWN_CELLS
    grid = Grid(west, north, cell, cell, _TOWN_CELLS, max(1, math.floor((north - south) / cell)))
    frame = shapely.box(*box)
    if countries is None:
        window = RowSpans.from_polygon(frame, index.grid, Rule.ANY_OVERLAP)
        joined = RowSpans.from_runs(index.grid, *np.empty((3, 0), np.int64))
        for own in index.spans.values():
            joined = joined | (own & window)
        return index.grid, joined
    near = [
        shapely.intersection(feature, frame)
        for country in countries
        for feature in country.features
        if shapely.intersects(feature, frame)
    ]
    (land,) = region_spans([shapely.get_parts(near).tolist()], grid, Rule.CENTER)
    return grid, land
