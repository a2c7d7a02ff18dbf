"""The raster lattice: coordinates and ids, exact areas, and how to get a grid from a raster."""

from closedworld.grid.affine import Grid
from closedworld.grid.area import tile_areas_cm2, tile_areas_m2
from closedworld.grid.raster import RasterInfo, read_raster_info

__all__ = ["Grid", "RasterInfo", "read_raster_info", "tile_areas_cm2", "tile_areas_m2"]
