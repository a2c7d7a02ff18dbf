"""The raster lattice: coordinates, ids and exact areas."""

from closedworld.kernels.grid.affine import Grid
from closedworld.kernels.grid.area import RowAreas, tile_areas_cm2, tile_areas_m2

__all__ = ["Grid", "RowAreas", "tile_areas_cm2", "tile_areas_m2"]
