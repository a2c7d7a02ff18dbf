"""Tiles: which countries own which, the work plan, and the columns of every tile."""

from closedworld.kernels.tiles.batches import constant_column, coverage_batch, spans_batch
from closedworld.kernels.tiles.digests import digest_of_ids, tile_digests
from closedworld.kernels.tiles.plan import Part, Unit, plan_parts, plan_units
from closedworld.kernels.tiles.ranges import Tiles
from closedworld.kernels.tiles.row_groups import RowGroup, id_column
from closedworld.kernels.tiles.summary import CountrySummary
from closedworld.kernels.tiles.world import World, areas_of, enumerate_tiles, summarize

__all__ = [
    "CountrySummary",
    "Part",
    "RowGroup",
    "Tiles",
    "Unit",
    "World",
    "areas_of",
    "constant_column",
    "coverage_batch",
    "digest_of_ids",
    "enumerate_tiles",
    "id_column",
    "plan_parts",
    "plan_units",
    "spans_batch",
    "summarize",
    "tile_digests",
]
