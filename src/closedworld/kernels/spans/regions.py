"""Row spans of many regions in one pass over all their edges."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from closedworld.kernels.grid import Grid
from closedworld.kernels.inclusion import Fill, Rule
from closedworld.kernels.spans.edges import edges_on_grid
from closedworld.kernels.spans.filled import filled_overlap_runs
from closedworld.kernels.spans.overlap import border_runs
from closedworld.kernels.spans.rowspans import RowSpans, rule_runs
from closedworld.kernels.spans.runs import RowMajorIndex, Runs, covered, minus, united


def region_spans(
    regions: Sequence[Sequence[shapely.Polygon | shapely.MultiPolygon]],
    grid: Grid,
    rule: Rule | str,
    fill: Fill | str | None = None,
) -> list[RowSpans]:
    """Return the tiles of each region: the union of the tiles of its polygons.

    Args:
        regions: For each region, valid polygons in degrees, WGS 84 (see ``RowSpans.from_polygon``).
            Polygons of a region may overlap each other; the caller must check validity.
        grid: The lattice.
        rule: Inclusion rule.
        fill: What invalid polygons enclose. None: all are valid.

    Returns:
        One set of tiles per region, in the order given.

    Raises:
        ConfigError: ``rule-unknown``, ``fill-unknown``.
        GridError: ``grid-too-fine`` for so many polygons.
    """
    rule = Rule.parse(rule)
    if fill is not None:
        fill = Fill.parse(fill)
        if rule is Rule.ANY_OVERLAP:
            return _overlapping_spans(regions, grid, fill)
        if fill is Fill.NONZERO:
            return _wound_spans(regions, grid)
    polygons, region_of = _flat(regions)
    edges = edges_on_grid(list(polygons), grid)
    runs = rule_runs(rule, edges, grid)
    return _split(_by_region(runs, region_of[edges.patch_owner], grid), len(regions), grid)


def _overlapping_spans(
    regions: Sequence[Sequence[shapely.Polygon | shapely.MultiPolygon]], grid: Grid, fill: Fill
) -> list[RowSpans]:
    """Return the tiles of each region by ``Rule.ANY_OVERLAP`` and a fill rule."""
    index = RowMajorIndex.of(grid)
    polygons, region_of = (single_polygons if fill is Fill.NONZERO else _flat)(regions)
    is_valid = shapely.is_valid(polygons)
    edges = edges_on_grid(list(polygons[is_valid]), grid)
    valid = rule_runs(Rule.ANY_OVERLAP, edges, grid)
    other = filled_overlap_runs(polygons[~is_valid], grid, fill)
    runs = united(
        [
            index.rekey(valid, region_of[is_valid][edges.patch_owner]),
            index.rekey(other, region_of[~is_valid]),
        ]
    )
    return _split(runs, len(regions), grid)


def _wound_spans(
    regions: Sequence[Sequence[shapely.Polygon | shapely.MultiPolygon]], grid: Grid
) -> list[RowSpans]:
    """Return the tiles of each region by ``Fill.NONZERO``: of each polygon's outer ring, without its holes'."""
    polygons, region_of = single_polygons(regions)
    rings, polygon_of = shapely.get_rings(polygons, return_index=True)
    is_hole = np.diff(polygon_of, prepend=-1) == 0
    outer, holes = (_ring_runs(rings[some], polygon_of[some], grid) for some in (~is_hole, is_hole))
    runs = covered(*RowMajorIndex.of(grid).rekey(minus(outer, holes), region_of))
    return _split(runs, len(regions), grid)


def _flat(
    regions: Sequence[Sequence[shapely.Polygon | shapely.MultiPolygon]],
) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Return the polygons of all regions, object (n,), and the region of each, int64 (n,)."""
    polygons = np.array([polygon for region in regions for polygon in region], object)
    return polygons, np.repeat(np.arange(len(regions)), [len(region) for region in regions])


def single_polygons(
    regions: Sequence[Sequence[shapely.Polygon | shapely.MultiPolygon]],
) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Return the parts of the polygons of all regions, object (n,), and the region of each, int64 (n,)."""
    features, region_of = _flat(regions)
    polygons, feature_of = shapely.get_parts(features, return_index=True)
    return polygons, region_of[feature_of]


def _ring_runs(rings: NDArray[np.object_], polygon_of: NDArray[np.int64], grid: Grid) -> Runs:
    """Return the tiles that each ring winds round or that lie on it, united by polygon, which is the key."""
    edges = edges_on_grid(list(shapely.polygons(rings)) if len(rings) else [], grid)
    runs = rule_runs(Rule.CENTER, edges, grid, by_winding=True)
    return covered(*RowMajorIndex.of(grid).rekey(runs, polygon_of[edges.patch_owner]))


def border_tiles(
    polygons: Sequence[shapely.Polygon | shapely.MultiPolygon], grid: Grid
) -> RowSpans:
    """Return the tiles whose inside the border of a region passes through.

    Every other tile lies wholly inside the region or wholly outside. Where polygons of the region
    overlap, tiles on a border that lies inside another of them are among these, too.

    Args:
        polygons: Valid polygons in degrees, WGS 84 (see ``RowSpans.from_polygon``).
        grid: The lattice.
    """
    edges = edges_on_grid(polygons, grid)
    regions = np.zeros(len(edges.patch_owner), np.int64)
    (border,) = _split(_by_region(border_runs(edges, grid), regions, grid), 1, grid)
    return border


def shared_tiles(spans: Sequence[RowSpans], grid: Grid) -> RowSpans:
    """Return the tiles that at least two of the sets own."""
    runs = RowMajorIndex.of(grid).runs(0, *joined_runs(spans))
    (shared,) = _split(covered(*runs, depth=2), 1, grid)
    return shared


def united_tiles(spans: Sequence[RowSpans], grid: Grid) -> RowSpans:
    """Return the tiles that any of the sets owns."""
    return RowSpans.from_runs(grid, *joined_runs(spans))


def joined_runs(
    spans: Sequence[RowSpans],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return rows, first columns and stop columns of all runs, set by set, int64 (runs,) each."""
    none = np.empty(0, np.int64)
    rows, starts, stops = (
        np.concatenate([none, *(getattr(one, name) for one in spans)])
        for name in ("rows", "col_starts", "col_stops")
    )
    return rows, starts, stops


def _by_region(runs: Runs, region_of_patch: NDArray[np.int64], grid: Grid) -> Runs:
    """Return runs keyed by patch as canonical runs keyed by region."""
    index, (of_patches, _) = RowMajorIndex.of(grid), runs
    starts, stops = index.rekey(runs, region_of_patch)
    # Only regions with tiles from several patches need a union; most have one.
    per_patch = np.diff(index.key_bounds(of_patches, len(region_of_patch)))
    tiled = np.bincount(region_of_patch, weights=per_patch > 0)
    is_several = (tiled > 1)[region_of_patch]
    if not is_several.any():
        return starts, stops
    several = np.repeat(is_several, per_patch)
    joined_starts, joined_stops = covered(starts[several], stops[several])
    starts = np.concatenate([starts[~several], joined_starts])
    stops = np.concatenate([stops[~several], joined_stops])
    # Disjoint runs stay paired when both ends are sorted.
    return np.sort(starts), np.sort(stops)


def _split(runs: Runs, n_regions: int, grid: Grid) -> list[RowSpans]:
    """Return runs keyed by region as one set per region."""
    index, (starts, stops) = RowMajorIndex.of(grid), runs
    _, rows, cols = index.decode(starts)
    col_stops = cols + (stops - starts)
    bounds = index.key_bounds(starts, n_regions)
    return [
        RowSpans(grid, rows[a:b], cols[a:b], col_stops[a:b]) for a, b in itertools.pairwise(bounds)
    ]
