"""Comparing two worlds on one grid: tiles gained and lost, overlaps, weight moved."""

from closedworld.kernels.comparing.tiles import TileChanges, tile_changes
from closedworld.kernels.comparing.weights import Weighed, units_moved

__all__ = ["TileChanges", "Weighed", "tile_changes", "units_moved"]
