"""Pixels of every type, layout, scale and offset, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from pixels import COLS, FLOATS, INTEGERS, ROWS, read, some_pixels, write

from closedworld.errors import InputError
from closedworld.inputs.raster.pixels import (
    PixelReader,
    read_pixel_layout,
)

if TYPE_CHECKING:
    from pathlib import Path


LAYOUTS: dict[str, dict[str, Any]] = {
    "strips of one row": {"blockysize": 1},
    "strips of seven rows": {"blockysize": 7, "compress": "deflate"},
    "one strip": {"blockysize": ROWS, "compress": "lzw"},
    "tiles of 16": {"tiled": True, "blockxsize": 16, "blockysize": 16, "compress": "deflate"},
    "tiles of 64 by 32": {"tiled": True, "blockxsize": 64, "blockysize": 32, "compress": "lzw"},
    "tiles larger than the raster": {"tiled": True, "blockxsize": 512, "blockysize": 512},
}


def refused(path: Path) -> InputError:
    """Return the error with which a raster is refused."""
    with pytest.raises(InputError) as caught:
        read(path)
    return caught.value


@pytest.mark.parametrize("dtype", INTEGERS + FLOATS)
def test_pixels_of_every_type_come_as_they_were_written_and_negative_ones_as_0(
    tmp_path: Path, dtype: str
) -> None:
    pixels = some_pixels(dtype)
    layout, found = read(write(tmp_path / "a.tif", pixels))
    assert (layout.value_dtype.name, layout.has_mask, layout.is_scaled) == (dtype, False, False)
    assert layout.size_bytes == (tmp_path / "a.tif").stat().st_size
    expected = [max(pixel, 0) for pixel in pixels.ravel().tolist()]
    assert found.values.dtype == dtype
    assert found.values.tolist() == expected
    assert found.missing == 0
    assert found.negative == sum(pixel < 0 for pixel in pixels.ravel().tolist())


@pytest.mark.parametrize(("scale", "offset"), [(0.01, 0.0), (1.0, -3.0), (-2.0, 5.0)])
@pytest.mark.parametrize("dtype", ["int16", "uint32", "float32"])
def test_scale_and_offset_are_applied_in_float64_and_nodata_before(
    tmp_path: Path, dtype: str, scale: float, offset: float
) -> None:
    pixels = np.abs(some_pixels(dtype)) if dtype == "float32" else some_pixels(dtype)
    pixels[pixels > 30000] = 30000
    pixels[7] = 9
    path = write(tmp_path / "a.tif", pixels, scale=scale, offset=offset, nodata=9)
    layout, found = read(path)
    assert layout.is_scaled
    assert found.values.dtype == layout.value_dtype == np.float64
    flat = pixels.ravel().tolist()
    meant = [float(pixel) * scale + offset for pixel in flat]
    assert found.missing == flat.count(9)
    assert found.negative == sum(
        value < 0 and pixel != 9 for value, pixel in zip(meant, flat, strict=True)
    )
    assert found.values.tolist() == [
        0 if pixel == 9 or value < 0 else value for value, pixel in zip(meant, flat, strict=True)
    ]


@pytest.mark.parametrize("layout_name", LAYOUTS)
@pytest.mark.parametrize("window_cells", [1, 500, 1 << 22])
def test_windows_of_any_layout_put_together_are_the_raster(
    tmp_path: Path, layout_name: str, window_cells: int
) -> None:
    """A window is whole blocks, no larger than asked for unless one block is."""
    pixels = some_pixels("int32")
    mask = pixels % 3 != 0
    path = write(tmp_path / "a.tif", pixels, mask=mask, **LAYOUTS[layout_name])
    layout = replace(read_pixel_layout(path), window_cells=window_cells)
    rows, cols = layout.window_shape
    assert rows % layout.block_rows == 0 or rows == ROWS
    assert cols % layout.block_cols == 0 or cols == COLS
    block = min(layout.block_rows, ROWS) * min(layout.block_cols, COLS)
    assert rows * cols <= max(window_cells, block)
    seen, valid = np.zeros_like(pixels), np.zeros_like(mask)
    with PixelReader(layout) as reader:
        for row in range(0, ROWS, rows):
            for col in range(0, COLS, cols):
                size = min(rows, ROWS - row), min(cols, COLS - col)
                own, is_valid = reader.read(row, col, *size)
                assert is_valid is not None
                here = np.s_[row : row + size[0], col : col + size[1]]
                seen[here], valid[here] = own, is_valid
    assert (seen == pixels).all()
    assert (valid == mask).all()


def test_block_shapes_are_those_of_the_file(tmp_path: Path) -> None:
    shapes = {
        name: (layout.block_rows, layout.block_cols)
        for number, (name, options) in enumerate(LAYOUTS.items())
        for layout in [
            read_pixel_layout(write(tmp_path / f"{number}.tif", some_pixels("uint8"), **options))
        ]
    }
    assert shapes == {
        "strips of one row": (1, COLS),
        "strips of seven rows": (7, COLS),
        "one strip": (ROWS, COLS),
        "tiles of 16": (16, 16),
        "tiles of 64 by 32": (32, 64),
        "tiles larger than the raster": (512, 512),
    }


@pytest.mark.parametrize("dtype", ["complex64", "complex128", "complex_int16"])
def test_complex_pixels_are_refused_with_their_type(tmp_path: Path, dtype: str) -> None:
    pixels = np.zeros((ROWS, COLS), np.complex64)
    error = refused(write(tmp_path / "a.tif", pixels, dtype=dtype))
    assert error.code == "raster-dtype"
    assert dtype in error.message
    assert "a.tif" in error.message


@pytest.mark.parametrize(
    ("scale", "offset"), [(0.0, 0.0), (np.nan, 0.0), (np.inf, 0.0), (2.0, np.nan), (1.0, -np.inf)]
)
def test_a_scale_or_offset_that_gives_no_numbers_is_refused(
    tmp_path: Path, scale: float, offset: float
) -> None:
    pixels = np.ones((ROWS, COLS), np.int16)
    error = refused(write(tmp_path / "a.tif", pixels, scale=scale, offset=offset))
    assert error.code == "raster-scale"
    assert f"scale {scale} and offset {offset}" in error.message


# Reads the layout of a raster within 300 MB more than the imports need.
FRUGAL = """\
import resource, sys
from pathlib import Path
import rasterio
from closedworld.errors import InputError
from closedworld.inputs.raster.pixels import read_pixel_layout
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 300_000_000, used + 300_000_000))
try:
    read_pixel_layout(sys.argv[1])
except InputError as error:
    print(error.code, error.message)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits the address space by /proc")
def test_a_raster_that_is_one_huge_block_is_refused_without_making_room_for_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "huge.tif"
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=43200,
        height=21600,
        count=1,
        dtype="uint8",
        crs="EPSG:4326",
        transform=Affine(1 / 120, 0.0, -180.0, 0.0, -1 / 120, 90.0),
        tiled=True,
        blockxsize=43200,
        blockysize=21600,
        compress="deflate",
        sparse_ok=True,
    ):
        pass
    assert path.stat().st_size < 10_000
    done = subprocess.run(
        [sys.executable, "-c", FRUGAL, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("raster-block-too-large")
    assert "21600 x 43200 cells, 933 MB" in done.stdout


@pytest.mark.parametrize("layout_name", ["strips of seven rows", "tiles of 16"])
def test_a_truncated_file_is_unreadable_where_it_ends_and_the_rows_are_named(
    tmp_path: Path, layout_name: str
) -> None:
    pixels = some_pixels("int64")
    path = write(tmp_path / "a.tif", pixels, **LAYOUTS[layout_name])
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    layout = read_pixel_layout(path)
    with PixelReader(layout) as reader:
        first, _ = reader.read(0, 0, 3, COLS)
        assert (first == pixels[:3]).all()
        with pytest.raises(InputError) as caught:
            reader.read(40, 16, 8, 32)
    assert caught.value.code == "input-unreadable"
    assert f"{path}: rows 40 to 47, columns 16 to 47" in caught.value.message
    # What GDAL found, not what rasterio says of it.
    assert "previous exception" not in caught.value.message
    assert "band 1" in caught.value.message


def test_a_file_whose_header_is_cut_off_is_unreadable(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", some_pixels("int16"))
    path.write_bytes(path.read_bytes()[:6])
    error = refused(path)
    assert error.code == "input-unreadable"
    assert str(path) in error.message
