"""Tiles: which countries own which, the work plan, and the columns of every tile."""

from closedworld.kernels.tiles.plan import Part, PartRange, plan_part_ranges, plan_parts
from closedworld.kernels.tiles.ranges import Tiles
from closedworld.kernels.tiles.row_groups import (
    RowGroup,
    constant_column,
    coverage_batch,
    id_column,
    spans_batch,
)
from closedworld.kernels.tiles.summary import CountrySummary, outside_share
from closedworld.kernels.tiles.tile_digests import digest_of_ids, tile_digests
from closedworld.kernels.tiles.world import World, areas_of, enumerate_tiles, summarize

__all__ = [
    "CountrySummary",
    "Part",
    "PartRange",
    "RowGroup",
    "Tiles",
    "World",
    "areas_of",
    "constant_column",
    "coverage_batch",
    "digest_of_ids",
    "enumerate_tiles",
    "id_column",
    "outside_share",
    "plan_part_ranges",
    "plan_parts",
    "spans_batch",
    "summarize",
    "tile_digests",
]
