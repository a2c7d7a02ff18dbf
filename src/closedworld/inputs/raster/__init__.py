"""Rasters: their grid, their layout in the file, and their pixels."""

from closedworld.inputs.raster.info import RasterInfo, read_raster_info
from closedworld.inputs.raster.pixels import PixelLayout, PixelReader, read_pixel_layout, values_of

__all__ = [
    "PixelLayout",
    "PixelReader",
    "RasterInfo",
    "read_pixel_layout",
    "read_raster_info",
    "values_of",
]
