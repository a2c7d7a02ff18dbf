"""Tiles: the work plan, and the columns of every tile of a range of ranks."""

from closedworld.tiles.batches import spans_batch, tile_batches
from closedworld.tiles.columns import Tiles
from closedworld.tiles.plan import PART_TILES, ROW_GROUP_TILES, Part, Unit, plan_parts, plan_units
from closedworld.tiles.summary import CountrySummary

__all__ = [
    "PART_TILES",
    "ROW_GROUP_TILES",
    "CountrySummary",
    "Part",
    "Tiles",
    "Unit",
    "plan_parts",
    "plan_units",
    "spans_batch",
    "tile_batches",
]
