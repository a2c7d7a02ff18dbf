"""The law of weights in Python integers, and rasters to weigh the made-up world by."""

from __future__ import annotations

import functools
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from affine import Affine

from closedworld.execution import events
from closedworld.inputs.loading import PopulationRaster, load_population
from closedworld.kernels.grid import Grid, tile_areas_cm2
from closedworld.kernels.sizes import Sizes
from closedworld.kernels.weights import Basis, Mixture
from closedworld.published.results import open_published
from closedworld.testing import apportioned, micro_persons_exactly

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from closedworld.execution.events import Event
    from closedworld.published.tile_index import PublishedIndex
    from closedworld.stages.weights.outcome import TileWeights


FULL = 1 << 30
"""The share of a tile that lies wholly in its country."""


SMALL = Sizes(row_group_tiles=80, part_tiles=160, batch_tiles=37)
"""Cut the made-up world into dozens of part files."""


MIXTURES = [
    "uniform",
    "area_m2",
    "population",
    "populated",
    "population:0.9,area_m2:0.1",
    "uniform:1,area_m2:1",
    "populated:2,population:1",
    "uniform:1,area_m2:2,population:3,populated:1",
]


class Watcher:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def on_event(self, event: Event) -> None:
        self.events.append(event)

    def warnings(self) -> dict[str, str]:
        return {one.code: one.message for one in self.events if isinstance(one, events.Warned)}


def write_raster(path: Path, pixels: NDArray[Any], grid: Grid, **options: Any) -> PopulationRaster:
    """Write a raster on a grid and load it."""
    profile = {
        "driver": "GTiff",
        "width": grid.n_cols,
        "height": grid.n_rows,
        "count": 1,
        "dtype": pixels.dtype.name,
        "crs": "EPSG:4326",
        "transform": Affine(grid.cell_width, 0.0, grid.west, 0.0, -grid.cell_height, grid.north),
        "tiled": True,
        "blockxsize": 64,
        "blockysize": 64,
        "compress": "deflate",
        **options,
    }
    with rasterio.open(path, "w", **profile) as file:
        file.write(pixels, 1)
    return load_population(path, Watcher())


def persons(grid: Grid, seed: int = 1) -> NDArray[np.float32]:
    """Return people for every cell: some of many sizes, none, NODATA, and equal ones."""
    rng = np.random.default_rng(seed)
    pixels = rng.gamma(0.2, 5000, (grid.n_rows, grid.n_cols)).astype(np.float32)
    pixels[rng.random(pixels.shape) < 0.2] = 0
    pixels[rng.random(pixels.shape) < 0.1] = -99999
    pixels[rng.random(pixels.shape) < 0.3] = 1
    return pixels


def columns(
    folder_of: PublishedIndex | TileWeights, dataset: str, iso: str
) -> dict[str, list[Any]]:
    """Return the rows of a country."""
    return rows_of(folder_of.published.folder, dataset)[iso]


@functools.lru_cache(maxsize=16)
def rows_of(folder: Path, dataset: str) -> dict[str, dict[str, list[Any]]]:
    """Return the columns of a dataset by country and name."""
    table = open_published(folder).dataset(dataset).to_table()
    isos = table["country_iso"].to_pylist()
    content = {name: table[name].to_pylist() for name in table.column_names}
    return {
        iso: {
            name: values[isos.index(iso) : isos.index(iso) + isos.count(iso)]
            for name, values in content.items()
        }
        for iso in sorted(set(isos))
    }


def masses_of(
    index: PublishedIndex,
    iso: str,
    basis: Basis,
    pixels: NDArray[Any] | None,
    *,
    by_coverage: bool = False,
) -> list[int]:
    """Return the masses of a country's tiles in Python integers, from the published tiles."""
    rows = columns(index, "tile_index", iso)
    tile_ids = rows["tile_id"]
    assert tile_ids == sorted(tile_ids)
    masses = [1] * len(tile_ids)
    if basis is Basis.AREA_M2:
        areas = tile_areas_cm2(index.grid).tolist()
        masses = [areas[tile // index.grid.n_cols] for tile in tile_ids]
    elif basis.needs_population:
        assert pixels is not None
        masses = [micro_persons_exactly(value) for value in pixels.ravel()[tile_ids]]
    if basis is Basis.POPULATED:
        masses = [int(mass > 0) for mass in masses]
    if not by_coverage:
        return masses
    shares = [max(1, round(Fraction(share) * FULL)) for share in rows["coverage"]]
    if basis in {Basis.UNIFORM, Basis.POPULATED}:
        return [mass * share for mass, share in zip(masses, shares, strict=True)]
    return [round(Fraction(mass * share, FULL)) for mass, share in zip(masses, shares, strict=True)]


def check(
    weights: TileWeights,
    index: PublishedIndex,
    basis: str,
    dp: int,
    pixels: NDArray[Any] | None,
    *,
    by_coverage: bool = False,
) -> None:
    """Compare weights, span weights and summaries of all countries with the law."""
    mixture = Mixture.parse(basis)
    units = apportioned([share for _, share in mixture.parts], 10**dp)
    by_iso = {summary.country_iso: summary for summary in weights.summaries}
    assert list(by_iso) == list(index.spans)
    for iso, spans in index.spans.items():
        expected, has_mass = [0] * spans.tile_count, [False] * spans.tile_count
        for part, own in zip(by_iso[iso].bases, units, strict=True):
            masses = masses_of(index, iso, Basis(part.basis), pixels, by_coverage=by_coverage)
            assert (part.units, part.mass_sum) == (own, sum(masses))
            assert part.fallback == (not any(masses))
            if part.fallback:
                masses = masses_of(index, iso, Basis.UNIFORM, None, by_coverage=by_coverage)
            shares = apportioned(masses, own)
            assert part.floor_sum == sum(mass * own // sum(masses) for mass in masses)
            assert part.remainder_units == own - part.floor_sum
            expected = [a + b for a, b in zip(expected, shares, strict=True)]
            has_mass = [a or b > 0 for a, b in zip(has_mass, masses, strict=True)]
        rows = columns(weights, "tile_weights", iso)
        assert rows["weight_fp"] == expected
        assert sum(rows["weight_fp"]) == 10**dp
        assert rows["tile_id"] == columns(index, "tile_index", iso)["tile_id"]
        assert set(rows["dp"]) == {dp}
        assert set(rows["basis"]) == {str(mixture)}
        summary = by_iso[iso]
        assert summary.tiles == spans.tile_count
        assert summary.zero_tiles == expected.count(0)
        assert summary.zero_tiles_with_mass == sum(
            weight == 0 and mass for weight, mass in zip(expected, has_mass, strict=True)
        )
        runs = columns(weights, "span_weights", iso)
        assert runs["raster_row"] == spans.rows.tolist()
        assert runs["col_start"] == spans.col_starts.tolist()
        assert runs["tiles"] == (spans.col_stops - spans.col_starts).tolist()
        assert runs["weight_before"] == [sum(expected[:first]) for first in spans.first_ranks]


def in_windows(raster: PopulationRaster, window_cells: int) -> PopulationRaster:
    """Return the raster, to be read in windows of so many cells."""
    return replace(raster, layout=replace(raster.layout, window_cells=window_cells))
