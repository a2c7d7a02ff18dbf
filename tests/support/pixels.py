"""Small rasters of every type, and what is read from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from affine import Affine

from closedworld.inputs.raster.pixels import (
    PixelLayout,
    PixelReader,
    Values,
    read_pixel_layout,
    values_of,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


ROWS, COLS = 48, 96


INTEGERS = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]


FLOATS = ["float32", "float64"]


def write(
    path: Path,
    pixels: NDArray[Any],
    *,
    mask: NDArray[np.bool_] | None = None,
    scale: float = 1.0,
    offset: float = 0.0,
    internal_mask: bool = True,
    **profile: Any,
) -> Path:
    """Write a GeoTIFF of the whole globe; the mask is True where there is a value."""
    rows, cols = pixels.shape
    options = {
        "driver": "GTiff",
        "width": cols,
        "height": rows,
        "count": 1,
        "dtype": pixels.dtype.name,
        "crs": "EPSG:4326",
        "transform": Affine(360 / cols, 0.0, -180.0, 0.0, -180 / rows, 90.0),
        **profile,
    }
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=internal_mask),
        rasterio.open(path, "w", **options) as file,
    ):
        file.write(pixels, 1)
        if (scale, offset) != (1.0, 0.0):
            file.scales, file.offsets = [scale], [offset]
        if mask is not None:
            file.write_mask(mask)
    return path


def read(path: Path) -> tuple[PixelLayout, Values]:
    """Return how a raster is stored and what all its pixels mean."""
    layout = read_pixel_layout(path)
    grid = layout.info.grid
    with PixelReader(layout) as reader:
        pixels, is_valid = reader.read(0, 0, grid.n_rows, grid.n_cols)
    return layout, values_of(layout, pixels.ravel(), None if is_valid is None else is_valid.ravel())


def some_pixels(dtype: str, seed: int = 0) -> NDArray[Any]:
    """Return pixels over the whole range of a type, its limits, zero and one among them."""
    rng = np.random.default_rng(seed)
    kind = np.dtype(dtype)
    if kind.kind == "f":
        pixels = rng.normal(0, 1000, (ROWS, COLS)).astype(kind)
        pixels[0, :4] = 0, 1, -0.0, np.inf
        return pixels
    limits = np.iinfo(kind)
    pixels = rng.integers(limits.min, limits.max, (ROWS, COLS), kind, endpoint=True)
    pixels[0, :4] = 0, 1, limits.min, limits.max
    return pixels
