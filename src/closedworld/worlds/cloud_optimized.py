"""Cloud Optimized GeoTIFFs, written band by band of rows and read back."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.grid import Grid
from closedworld.sanitize import library_message
from closedworld.store.atomic import whole_file
from closedworld.worlds.gdal_writers import not_written

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

BLOCK = 512
"""Rows of a band, and both sides of a block."""

_CACHE_MB = 256


WriteBand: TypeAlias = "Callable[[range, NDArray[Any]], None]"
"""Writes the cells of rows that begin at a multiple of ``BLOCK``, flat; from north to south."""


@contextmanager
def opened_cog(
    path: Path, grid: Grid, dtype: str, nodata: float, resampling: str
) -> Iterator[WriteBand]:
    """Yield what writes bands of a raster; it becomes a Cloud Optimized GeoTIFF at the end of the block.

    Args:
        path: The file; replaced if there.
        grid: Its grid.
        dtype: Type of its cells.
        nodata: Value of empty cells, of which bands need not be written.
        resampling: How overviews are made.

    Raises:
        PublishError: ``output-not-writable``.
    """
    import rasterio  # noqa: PLC0415 -- 0.2 s that other commands do not need
    from rasterio._err import CPLE_BaseError  # noqa: PLC0415 -- what comes through unwrapped
    from rasterio.errors import RasterioError  # noqa: PLC0415
    from rasterio.shutil import copy  # noqa: PLC0415
    from rasterio.transform import Affine  # noqa: PLC0415
    from rasterio.windows import Window  # noqa: PLC0415

    profile = {
        "driver": "GTiff",
        "width": grid.n_cols,
        "height": grid.n_rows,
        "count": 1,
        "dtype": dtype,
        "nodata": nodata,
        "crs": "EPSG:4326",
        "transform": Affine(grid.cell_width, 0.0, grid.west, 0.0, -grid.cell_height, grid.north),
    }
    # GDAL makes a COG only from a finished raster, so a plain one is filled row by row first.
    draft = {"tiled": True, "blockxsize": BLOCK, "blockysize": BLOCK, "sparse_ok": True}
    sums: dict[int, int] = {}
    try:
        with whole_file(path) as staged, rasterio.Env(GDAL_CACHEMAX=_CACHE_MB):
            filled = staged.with_suffix(".draft.tif")
            try:
                with rasterio.open(
                    filled, "w", **profile, **draft, compress="zstd", zstd_level=1, bigtiff="yes"
                ) as raster:

                    def write(rows: range, cells: NDArray[Any]) -> None:
                        """Write whole rows and keep their sum, by which the finished file is checked."""
                        band = cells.reshape(-1, grid.n_cols)
                        sums[rows.start] = _sum(band)
                        if not (np.isnan(cells) if np.isnan(nodata) else cells == nodata).all():
                            at = Window(0, rows.start, grid.n_cols, len(rows))
                            raster.write(band, 1, window=at)

                    yield write
                copy(
                    filled,
                    staged,
                    driver="COG",
                    compress="deflate",
                    predictor="yes",
                    bigtiff="if_safer",
                    overview_resampling=resampling,
                    sparse_ok=True,
                    num_threads="all_cpus",
                )
            finally:
                filled.unlink(missing_ok=True)
            _require_written(staged, sums, path)
    except (RasterioError, CPLE_BaseError) as error:
        raise not_written(path, library_message(error)) from error


def _require_written(staged: Path, sums: Mapping[int, int], path: Path) -> None:
    """Read a finished file back: on a full disk, GDAL closes one that lacks bytes, and prints a line.

    Raises:
        PublishError: ``output-not-writable``.
        RasterioError: As GDAL reads it.
    """
    import rasterio  # noqa: PLC0415 -- as above

    with rasterio.open(staged, driver="GTiff") as raster:
        levels = range(len(raster.overviews(1)))
        for start, rows in _bands(raster):
            if _sum(rows) != sums[start]:
                raise not_written(path, "cells that were written are not there")
    for level in levels:
        with rasterio.open(staged, driver="GTiff", overview_level=level) as overview:
            for _ in _bands(overview):
                pass


def _bands(raster: DatasetReader) -> Iterator[tuple[int, NDArray[Any]]]:
    """Yield the first row of each band, and its cells."""
    from rasterio.windows import Window  # noqa: PLC0415 -- as above

    for start in range(0, raster.height, BLOCK):
        rows = min(BLOCK, raster.height - start)
        yield start, raster.read(1, window=Window(0, start, raster.width, rows))


def _sum(cells: NDArray[Any]) -> int:
    """Return a check sum; all NaN are one."""
    return zlib.crc32(np.ascontiguousarray(np.nan_to_num(cells, nan=-1.0)).data)
