"""Reads the pixels of a raster, window by window in block order, and which of them hold a value."""

from __future__ import annotations

import math
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from closedworld.errors import InputError
from closedworld.inputs.raster.info import RasterInfo, Rasters, open_raster, read_raster_info
from closedworld.inputs.raster.spreading import Spreading
from closedworld.kernels.grid import Grid
from closedworld.sanitize import library_message

_MOST_BLOCK_BYTES = 1 << 29
_BLOCK_CACHE_BYTES = 64 << 20
_SEVERAL_BLOCK = 512
_KINDS = "iuf"
_EXACT_BELOW = 2.0**53


@dataclass(frozen=True, slots=True)
class PixelLayout:
    """How a band of a raster is stored, and how its pixels become values.

    Attributes:
        info: The header.
        block_rows: Rows of a block, as compressed in the file.
        block_cols: Columns of a block.
        scale: A value is ``pixel * scale + offset``.
        offset: See ``scale``.
        has_mask: Whether GDAL's mask decides which pixels hold a value: an internal mask, an alpha
            band, or a NODATA value that float64 cannot hold.
        size_bytes: Size of the file.
        window_cells: Cells read at once, unless one block has more; by default 16 MiB of float32.
        members: Those of the rasters that are taken as one, as in ``info``; empty for a file.
        source: The raster whose people are spread over the grid; None where pixels are the cells.

    Raises:
        InputError: ``raster-dtype``, ``raster-scale``, ``raster-block-too-large``.
    """

    info: RasterInfo
    block_rows: int
    block_cols: int
    scale: float
    offset: float
    has_mask: bool
    size_bytes: int
    window_cells: int = 1 << 22
    source: PixelLayout | None = None
    members: tuple[PixelLayout, ...] = ()

    def __post_init__(self) -> None:
        path = self.info.path
        if self.info.dtype not in np.sctypeDict or np.dtype(self.info.dtype).kind not in _KINDS:
            raise InputError(
                "raster-dtype",
                f"{path} holds {self.info.dtype}; population must be integers or real numbers.",
                "Convert it: gdal_translate -ot Float32 in.tif out.tif",
            )
        if not (math.isfinite(self.scale) and math.isfinite(self.offset) and self.scale != 0):
            raise InputError(
                "raster-scale",
                f"{path} states scale {self.scale} and offset {self.offset}.",
                "Set them right: gdal_edit.py -scale 1 -offset 0 in.tif",
            )
        block_bytes = self.block_rows * self.block_cols * np.dtype(self.info.dtype).itemsize
        if block_bytes > _MOST_BLOCK_BYTES:
            raise InputError(
                "raster-block-too-large",
                f"{path} is stored in blocks of {self.block_rows} x {self.block_cols} cells, "
                f"{block_bytes / 1e6:,.0f} MB each, which can only be read whole.",
                "Store it in tiles: gdal_translate -co TILED=YES -co COMPRESS=DEFLATE in.tif out.tif",
            )

    def spread_over(self, grid: Grid) -> PixelLayout | None:
        """Return the same people on another grid; None unless raster and grid cover the whole globe.

        A block of it has no more than ``window_cells``, so one of the file may be cut.
        """
        spreading = Spreading.between(self.info.grid, grid)
        if spreading is None:
            return None
        widths = spreading.parts, spreading.pixels
        block_rows, block_cols = (
            max(1, size * widths[0] // widths[1]) for size in (self.block_rows, self.block_cols)
        )
        info = replace(self.info, grid=grid, dtype=spreading.dtype, nodata=None, notes=())
        # As many pixels as for a raster of its own.
        cells = max(1, min(self.window_cells, self.window_cells * widths[0] ** 2 // widths[1] ** 2))
        # Cheap: GDAL's cache holds a block of the file while pieces of it are read.
        while block_rows * block_cols > cells:
            if block_rows > block_cols:
                block_rows = -(-block_rows // 2)
            else:
                block_cols = -(-block_cols // 2)
        return replace(
            self,
            info=info,
            block_rows=block_rows,
            block_cols=block_cols,
            scale=1.0,
            offset=0.0,
            has_mask=False,
            window_cells=cells,
            source=self,
        )

    @property
    def is_scaled(self) -> bool:
        """Whether scale or offset change the pixels."""
        return (self.scale, self.offset) != (1.0, 0.0)

    @property
    def has_values_alone(self) -> bool:
        """Whether every pixel from 0 up is a value: real numbers, unscaled, NODATA below 0 or none."""
        nodata = self.info.nodata
        is_below = nodata is None or math.isnan(nodata) or nodata < 0
        return self.limit is None and not self.is_scaled and is_below

    @property
    def limit(self) -> int | None:
        """The largest number of an integer type, which often stands for no data; None for real numbers."""
        dtype = np.dtype(self.info.dtype)
        return None if dtype.kind == "f" else int(np.iinfo(dtype).max)

    def nodata_digits(self, value: float) -> str:
        """Return the digits that declare a value NODATA; pixels compare equal to no rounder ones."""
        if self.is_scaled:
            return "PIXEL_VALUE"
        return str(np.asarray(value).astype(self.info.dtype)[()])

    @property
    def value_dtype(self) -> np.dtype[Any]:
        """Type of the values that ``values`` returns."""
        return np.dtype(np.float64 if self.is_scaled else self.info.dtype)

    @property
    def window_shape(self) -> tuple[int, int]:
        """``(rows, cols)`` of the windows to read: whole blocks, about ``window_cells``."""
        grid = self.info.grid
        block_rows = min(self.block_rows, grid.n_rows)
        block_cols = min(self.block_cols, grid.n_cols)
        rows = block_rows * max(1, self.window_cells // (block_rows * grid.n_cols))
        cols = block_cols * max(1, self.window_cells // (rows * block_cols))
        return min(rows, grid.n_rows), min(cols, grid.n_cols)


def read_pixel_layout(path: Rasters, band: int = 1) -> PixelLayout:
    """Return how the pixels of a GeoTIFF, or of several aligned ones, are stored; no pixel is read.

    Args:
        path: The file, a folder of files, or several of either.
        band: Which band is to be read, 1 for the first.

    Raises:
        InputError, GridError: As ``read_raster_info`` and ``PixelLayout``.
    """
    info = read_raster_info(path, band)
    if info.members:
        members = tuple(read_pixel_layout(one.info.path, band) for one in info.members)
        is_narrow = all(np.can_cast(one.value_dtype, np.float32) for one in members)
        return PixelLayout(
            replace(info, dtype="float32" if is_narrow else "float64"),
            _SEVERAL_BLOCK,
            _SEVERAL_BLOCK,
            1.0,
            0.0,
            has_mask=False,
            size_bytes=sum(one.size_bytes for one in members),
            members=members,
        )
    with open_raster(info.path) as raster:
        block_rows, block_cols = raster.block_shapes[band - 1]
        flags = {flag.name for flag in raster.mask_flag_enums[band - 1]}
        has_mask = bool(flags & {"per_dataset", "alpha"}) and "nodata" not in flags
        # rasterio gives NODATA as float64, or None when that is none of the type's numbers.
        is_rounded = info.nodata is None or abs(info.nodata) >= _EXACT_BELOW
        has_mask |= "nodata" in flags and info.dtype in {"int64", "uint64"} and is_rounded
        return PixelLayout(
            info,
            block_rows,
            block_cols,
            raster.scales[band - 1],
            raster.offsets[band - 1],
            has_mask=has_mask,
            size_bytes=info.path.stat().st_size,
        )


class PixelReader:
    """Reads windows of a band of a raster; use as a context manager, one for each thread.

    Args:
        layout: What to read.

    Raises:
        InputError: ``input-unreadable``.
    """

    def __init__(self, layout: PixelLayout) -> None:
        self._layout = layout
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        if self._layout.source is not None:
            self._source = self._stack.enter_context(PixelReader(self._layout.source))
            return self
        if self._layout.members:
            return self
        self._raster = self._stack.enter_context(
            open_raster(self._layout.info.path, GDAL_CACHEMAX=_BLOCK_CACHE_BYTES)
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def read(
        self, row: int, col: int, rows: int, cols: int
    ) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
        """Return ``(pixels, is_valid)`` of a window, both (rows, cols); no mask for all valid.

        The mask is GDAL's, where the layout has one; other NODATA values are not in it.

        Raises:
            InputError: ``input-unreadable``.
        """
        from rasterio.errors import RasterioError  # noqa: PLC0415 -- see read_raster_info
        from rasterio.windows import Window  # noqa: PLC0415

        if self._layout.source is not None:
            return self._read_spread(self._layout.source, row, col, rows, cols), None
        if self._layout.members:
            return self._read_members(row, col, rows, cols), None
        window = Window(col, row + self._layout.info.first_row, cols, rows)
        try:
            band = self._layout.info.band
            pixels = self._raster.read(band, window=window)
            if not self._layout.has_mask:
                return pixels, None
            return pixels, self._raster.read_masks(band, window=window) != 0
        except RasterioError as error:
            raise InputError(
                "input-unreadable",
                f"{self._layout.info.path}: rows {row} to {row + rows - 1}, columns {col} to "
                # rasterio's own words are "See previous exception for details".
                f"{col + cols - 1} cannot be read: {library_message(error.__cause__ or error)}.",
                "The file is damaged: fetch it again.",
            ) from error

    def _read_members(self, row: int, col: int, rows: int, cols: int) -> NDArray[Any]:
        """Return the values of a window, NaN where no raster has one.

        Where several have, the first with people counts; without people, the first.
        """
        values = np.full((rows, cols), np.nan, self._layout.value_dtype)
        for place, layout in zip(self._layout.info.members, self._layout.members, strict=True):
            grid = place.info.grid
            top, left = max(row, place.row), max(col, place.col)
            bottom = min(row + rows, place.row + grid.n_rows)
            right = min(col + cols, place.col + grid.n_cols)
            if top >= bottom or left >= right:
                continue
            with PixelReader(layout) as reader:
                pixels, mask = reader.read(
                    top - place.row, left - place.col, bottom - top, right - left
                )
            own = _with_nan(layout, pixels, mask)
            here = values[top - row : bottom - row, left - col : right - col]
            takes = (np.isnan(here) & ~np.isnan(own)) | (~(here > 0) & (own > 0))
            np.copyto(here, own, where=takes, casting="same_kind")
        return values

    def _read_spread(
        self, source: PixelLayout, row: int, col: int, rows: int, cols: int
    ) -> NDArray[Any]:
        """Return the people of a window of cells over which those of a raster are spread."""
        spreading = Spreading.between(source.info.grid, self._layout.info.grid)
        if spreading is None:
            raise ValueError("the layout was not made by spread_over")
        first_row, stop_row = spreading.pixels_of(row, row + rows)
        first_col, stop_col = spreading.pixels_of(col, col + cols)
        shape = stop_row - first_row, stop_col - first_col
        pixels, mask = self._source.read(first_row, first_col, *shape)
        found = values_of(source, pixels.ravel(), None if mask is None else mask.ravel())
        return spreading.spread(found.values.reshape(shape), row, col, (rows, cols))


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """The values of pixels.

    Attributes:
        values: Value of each, 0 where it is missing or negative, ``value_dtype`` (n,).
        missing: How many hold no value: NODATA, NaN or masked.
        negative: How many hold a value below zero.
        lowest: The lowest value below zero; 0 without any.
        at_limit: Which of them hold the layout's ``limit``, (m,), ascending.
    """

    values: NDArray[Any]
    missing: int
    negative: int
    lowest: float
    at_limit: NDArray[np.intp]


def values_of(
    layout: PixelLayout, pixels: NDArray[Any], is_valid: NDArray[np.bool_] | None
) -> Values:
    """Return the values of pixels: scaled, without NODATA, NaN, masked and negative ones.

    Args:
        layout: What they come from.
        pixels: As stored, (n,).
        is_valid: The mask, (n,); None without one.
    """
    values = _scaled(layout, pixels)
    keep = values >= 0
    if is_valid is None and layout.has_values_alone and keep.all():
        # Most windows of land: five passes less.
        return Values(values, 0, 0, 0.0, np.zeros(0, np.intp))
    is_missing = _is_missing(layout, pixels, is_valid)
    if values.dtype.kind == "f":
        is_nan = np.isnan(values)
        is_missing = is_nan if is_missing is None else is_missing | is_nan
    missing = 0
    is_limit = np.zeros(0, np.bool_) if layout.limit is None else pixels == layout.limit
    negative = len(values) - int(np.count_nonzero(keep))
    lowest = 0.0
    if is_missing is not None:
        missing = int(np.count_nonzero(is_missing))
        keep &= ~is_missing
        negative = len(values) - int(np.count_nonzero(keep)) - missing
        is_limit &= ~is_missing[: len(is_limit)]
    if negative:
        below = values[~keep] if is_missing is None else values[~keep & ~is_missing]
        lowest = float(below.min())
    values = np.where(keep, values, np.zeros(1, values.dtype))
    return Values(values, missing, negative, lowest, np.flatnonzero(is_limit))


def _with_nan(
    layout: PixelLayout, pixels: NDArray[Any], is_valid: NDArray[np.bool_] | None
) -> NDArray[Any]:
    """Return the values of pixels as real numbers, NaN where they hold none."""
    is_missing = _is_missing(layout, pixels, is_valid)
    values = _scaled(layout, pixels).astype(np.result_type(layout.value_dtype, np.float32))
    return values if is_missing is None else np.where(is_missing, np.nan, values)


def _scaled(layout: PixelLayout, pixels: NDArray[Any]) -> NDArray[Any]:
    if not layout.is_scaled:
        return pixels
    # NODATA may overflow; a value that does is refused later as too large.
    with np.errstate(over="ignore", invalid="ignore"):
        return pixels.astype(np.float64) * layout.scale + layout.offset


def _is_missing(
    layout: PixelLayout, pixels: NDArray[Any], is_valid: NDArray[np.bool_] | None
) -> NDArray[np.bool_] | None:
    """Return where pixels are NODATA or masked; None for nowhere."""
    is_nodata = _is_nodata(layout, pixels)
    if is_valid is None:
        return is_nodata
    return ~is_valid if is_nodata is None else is_nodata | ~is_valid


def _is_nodata(layout: PixelLayout, pixels: NDArray[Any]) -> NDArray[np.bool_] | None:
    """Return where pixels are NODATA; None when no pixel of that type can be."""
    nodata = layout.info.nodata
    if nodata is None or math.isnan(nodata):
        return None
    if pixels.dtype.kind == "f":
        # The header's text has more digits than a float32 pixel.
        with np.errstate(over="ignore"):
            return np.asarray(pixels == pixels.dtype.type(nodata))
    limits = np.iinfo(pixels.dtype)
    if layout.has_mask and abs(nodata) >= _EXACT_BELOW:
        return None
    if math.isinf(nodata) or nodata != int(nodata) or not limits.min <= int(nodata) <= limits.max:
        return None
    return np.asarray(pixels == pixels.dtype.type(int(nodata)))
