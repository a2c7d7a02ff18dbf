"""Row spans: which tiles a polygon has, found by a scanline over its edges, and their algebra."""

from closedworld.kernels.inclusion import Fill, Rule
from closedworld.kernels.spans.coverage import Border, border_coverage
from closedworld.kernels.spans.lattice import cells_of
from closedworld.kernels.spans.nearest import nearest_cells
from closedworld.kernels.spans.owners import TileOwners
from closedworld.kernels.spans.regions import (
    border_tiles,
    joined_runs,
    region_spans,
    shared_tiles,
    united_tiles,
)
from closedworld.kernels.spans.rowspans import RowSpans

__all__ = [
    "Border",
    "Fill",
    "RowSpans",
    "Rule",
    "TileOwners",
    "border_coverage",
    "border_tiles",
    "cells_of",
    "joined_runs",
    "nearest_cells",
    "region_spans",
    "shared_tiles",
    "united_tiles",
]
