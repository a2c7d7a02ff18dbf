"""The raster lattice: coordinates and ids, exact areas, and how to read a raster."""

from closedworld.grid.affine import Grid
from closedworld.grid.area import RowAreas, tile_areas_cm2, tile_areas_m2
from closedworld.grid.pixels import PixelLayout, PixelReader, read_pixel_layout, values_of
from closedworld.grid.raster import RasterInfo, read_raster_info

__all__ = [
    "Grid",
    "PixelLayout",
    "PixelReader",
    "RasterInfo",
    "RowAreas",
    "read_pixel_layout",
    "read_raster_info",
    "tile_areas_cm2",
    "tile_areas_m2",
    "values_of",
]
