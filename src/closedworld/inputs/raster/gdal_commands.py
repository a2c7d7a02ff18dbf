"""Commands of GDAL's programs that make a raster of counts usable."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from closedworld.kernels.grid.affine import Grid

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

_METRES_PER_DEGREE = 111_320.0
# Divisors of a degree, arc-seconds: cells of these sizes fit the globe.
_SECONDS = (1, 2, 3, 5, 6, 10, 15, 30, 60, 120, 150, 300, 600, 900, 1800, 3600)
_GLOBE = (-180.0, -90.0, 180.0, 90.0)
_EDGE_POINTS = 21
# GDAL's sum leaves out pixels when their edges fall on those of cells: https://github.com/OSGeo/gdal/issues/13539
_BESIDE_CELLS = 1e-6

_NETCDF = (".nc", ".nc4", ".cdf")
_HDF5 = (".h5", ".hdf5", ".he5")
_PACKED = (".gz", ".zip", ".7z", ".bz2", ".xz", ".tar", ".tgz")
_IF_UNSTATED = (
    "if the file names no reference system and is in longitude and latitude, add -a_srs EPSG:4326"
)


def conversion_advice(name: str) -> str:
    """Return what to do with a raster file in another format."""
    _, dot, suffix = name.rpartition(".")
    suffix = suffix if dot else "xyz"
    if f".{suffix.lower()}" in _PACKED:
        return "Unpack it first."
    is_hdf5 = f".{suffix.lower()}" in _HDF5
    if not is_hdf5 and f".{suffix.lower()}" not in _NETCDF:
        return f"Convert it: gdal_translate in.{suffix} out.tif ({_IF_UNSTATED})"
    # GDAL's driver for HDF5 has neither place nor direction of the rows; netCDF-4 is HDF5 that states both.
    otherwise = (
        "; HDF5 that is not netCDF-4 does not say where its cells lie: write it as GeoTIFF with the software "
        "that it is from"
    )
    return (
        f'Convert it: gdal_translate NETCDF:"in.{suffix}":VARIABLE out.tif (gdalinfo in.{suffix} lists '
        f"the variables; {_IF_UNSTATED}{otherwise * is_hdf5})"
    )


def aligning_command(first: Grid, other: Grid) -> str:
    """Return the command that brings the people of a raster to the cells of another one."""
    edges = (
        (other.west - first.west) / first.cell_width,
        (other.south - first.north) / first.cell_height,
        (other.east - first.west) / first.cell_width + _BESIDE_CELLS,
        (other.north - first.north) / first.cell_height + _BESIDE_CELLS,
    )
    west, south, east, north = _snapped(edges)
    lons = [first.west + (col - _BESIDE_CELLS) * first.cell_width for col in (west, east)]
    lats = [first.north + (row - _BESIDE_CELLS) * first.cell_height for row in (south, north)]
    extent = lons[0], lats[0], lons[1], lats[1]
    return (
        f"gdalwarp -te {' '.join(f'{edge!r}' for edge in extent)} -ts {east - west} {north - south} "
        "-r sum -et 0 -ot Float64 in.tif out.tif"
    )


def warp_command(raster: DatasetReader) -> str:
    """Return a ``gdalwarp`` command whose cells have about the size of a projected raster's, and its sums.

    ``-r sum`` shares out each pixel by area, ``-et 0`` projects every pixel by itself.
    """
    _, metres = raster.crs.linear_units_factor
    size = math.sqrt(abs(raster.transform.determinant)) * metres / _METRES_PER_DEGREE * 3600
    seconds = min(_SECONDS, key=lambda one: abs(math.log(one / size)))
    cells = 3600 // seconds
    west, south, east, north = (
        edge / cells for edge in _snapped([bound * cells for bound in _bounds(raster)])
    )
    bounds = (max(west, -180.0), max(south, -90.0), min(east, 180.0), min(north, 90.0))
    extent = " ".join(f"{edge:.12g}" for edge in bounds)
    step = f"{1 / cells:.17g}"
    return (
        f"gdalwarp -t_srs EPSG:4326 -tr {step} {step} -te {extent} -r sum -et 0 -ot Float64 in.tif "
        f"out.tif (cells of {seconds} arc-seconds; -r sum keeps counts, such as people)"
    )


def _bounds(raster: DatasetReader) -> tuple[float, ...]:
    """Return west, south, east and north of a raster, degrees; the globe where that has no answer."""
    from rasterio.errors import RasterioError  # noqa: PLC0415 -- takes 0.2 s
    from rasterio.warp import transform_bounds  # noqa: PLC0415

    try:
        bounds = transform_bounds(raster.crs, "EPSG:4326", *raster.bounds, densify_pts=_EDGE_POINTS)
    except RasterioError:
        return _GLOBE
    west, south, east, north = bounds
    return bounds if all(map(math.isfinite, bounds)) and west < east and south < north else _GLOBE


def _snapped(bounds: Sequence[float]) -> list[int]:
    """Return bounds in cells, outwards to whole ones."""
    west, south, east, north = bounds
    return [math.floor(west), math.floor(south), math.ceil(east), math.ceil(north)]
