"""The tiles of all countries, as row spans."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
import shapely

from closedworld.kernels.grid import Grid, RowAreas
from closedworld.kernels.records import Records
from closedworld.kernels.spans import Fill, RowSpans, Rule, cells_of, region_spans
from closedworld.kernels.spans.edges import place_on_grid
from closedworld.kernels.tiles.row_groups import spans_batch
from closedworld.kernels.tiles.summary import (
    CountrySummary,
    hole_cells,
    lies_in_windows,
    outside_share,
    tiles_area_km2,
    tiles_owned_twice,
    window_cells,
)


class Region(Protocol):
    """A country, or whatever else is to be cut into tiles under a code."""

    @property
    def iso(self) -> str:
        """Code: ISO 3166-1 alpha-2 for a country."""

    @property
    def name(self) -> str:
        """Name."""

    @property
    def features(self) -> Sequence[shapely.MultiPolygon]:
        """Polygons, degrees, at least one, valid unless there is a fill rule; they may overlap."""


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """The tiles of every country on one grid.

    Attributes:
        grid: The lattice.
        rule: Inclusion rule.
        spans: Tiles by country code, ascending; a country without tiles has an empty set.
        kept_small: Countries whose only tile is that of their representative point.
        off_grid: Countries that do not intersect the grid.
        areas: Area of a tile of each row from the first to the last that holds one.
        fill: What invalid polygons enclose; None: all are valid.
    """

    grid: Grid
    rule: Rule
    spans: Mapping[str, RowSpans]
    kept_small: frozenset[str]
    off_grid: frozenset[str]
    areas: RowAreas
    fill: Fill | None = None

    def __repr__(self) -> str:
        tiles = sum(self.tile_counts.values())
        return f"<World: {tiles:,} tiles of {len(self.spans)} countries, rule {self.rule}, {self.grid}>"

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return an Arrow stream of one row per run of tiles, as in ``tile_spans``."""
        batches = [spans_batch(iso, own) for iso, own in self.spans.items()]
        return pa.Table.from_batches(batches).__arrow_c_stream__(requested_schema)

    @property
    def tile_counts(self) -> dict[str, int]:
        """Tiles of each country by code."""
        return {iso: spans.tile_count for iso, spans in self.spans.items()}

    @property
    def without_tiles(self) -> tuple[str, ...]:
        """Countries that have no tile, ascending."""
        return tuple(iso for iso, spans in self.spans.items() if not spans.n_runs)


def enumerate_tiles(
    countries: Iterable[Region],
    grid: Grid,
    rule: Rule | str,
    *,
    keep_small_countries: bool = False,
    fill: Fill | None = None,
) -> World:
    """Return the tiles of every country.

    Args:
        countries: A ``CountrySet``, or other regions, ascending by code.
        grid: The lattice.
        rule: Inclusion rule.
        keep_small_countries: Give a country without tiles the tile that holds its representative
            point (``shapely.point_on_surface`` of its largest feature), if that is on the grid.
        fill: What invalid polygons enclose; None: all are valid.

    Raises:
        ConfigError: ``rule-unknown``.
    """
    rule = Rule.parse(rule)
    regions = list(countries)
    found = region_spans([region.features for region in regions], grid, rule, fill)
    spans = {region.iso: own for region, own in zip(regions, found, strict=True)}
    without = [region for region in regions if not spans[region.iso].n_runs]
    off_grid = frozenset(region.iso for region in without if _is_off(region, grid))
    kept = set()
    if keep_small_countries:
        for region in without:
            spans[region.iso] = representative_tile(region, grid)
            if spans[region.iso].n_runs:
                kept.add(region.iso)
    return World(grid, rule, spans, frozenset(kept), off_grid, areas_of(spans.values(), grid), fill)


def areas_of(sets: Iterable[RowSpans], grid: Grid) -> RowAreas:
    """Return the area of a tile of each row from the first to the last that holds one of some sets."""
    ends = [int(row) for own in sets if own.n_runs for row in (own.rows[0], own.rows[-1])]
    if not ends:
        return RowAreas(0, np.empty(0, np.int64))
    return RowAreas.between(grid, min(ends), max(ends) + 1)


def _is_off(region: Region, grid: Grid) -> bool:
    polygons = shapely.get_parts(np.asarray(region.features, dtype=object))
    placed, _ = place_on_grid(polygons, grid)
    return not len(placed)


def representative_tile(region: Region, grid: Grid) -> RowSpans:
    """Return the tile that holds a region's representative point; no tile when it is off the grid."""
    largest = max(region.features, key=shapely.area)
    if not largest.is_valid:  # and so under a fill rule
        largest = shapely.make_valid(largest)
    point = shapely.point_on_surface(largest)
    row, col = cells_of(grid, np.array([point.x]), np.array([point.y]))
    on_grid = row >= 0
    return RowSpans.from_runs(grid, row[on_grid], col[on_grid], col[on_grid] + 1)


def summarize(world: World, countries: Iterable[Region]) -> tuple[int, Records[CountrySummary]]:
    """Return how many tiles several countries own, and the summary of each country."""
    shared, shared_by = tiles_owned_twice(world.spans, world.grid)
    regions = list(countries)
    polygons = [region.features for region in regions]
    in_holes = hole_cells(polygons, list(world.spans.values()), world.grid, world.rule, world.fill)
    summaries = []
    for country, holes in zip(regions, in_holes, strict=True):
        own = world.spans[country.iso]
        polygon_count, visited = window_cells(country.features, world.grid, world.rule)
        included = own.tile_count
        ends = own.tiles_at(np.array([0, included - 1])) if included else None
        kept = country.iso in world.kept_small
        # Such a tile mostly lies outside every window, but not around a bay or a lake.
        visited += int(kept and not lies_in_windows(own, country.features, world.rule))
        summaries.append(
            CountrySummary(
                country_iso=country.iso,
                name=country.name,
                parts=polygon_count,
                cells_visited=visited,
                cells_included=included,
                cells_in_holes=holes,
                cells_outside=visited - included - holes,
                shared_tiles=shared_by[country.iso],
                kept_small=kept,
                first_tile_id=None if ends is None else int(ends[0]),
                last_tile_id=None if ends is None else int(ends[1]),
                area_km2=tiles_area_km2(own, world.areas),
                outside_share=outside_share(country.features, world.grid),
            )
        )
    return shared, Records.of(summaries)
