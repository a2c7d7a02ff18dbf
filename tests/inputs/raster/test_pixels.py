"""Pixels of every type, NODATA, mask and layout against the arrays that were written."""

from __future__ import annotations

import struct
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.enums import ColorInterp

from closedworld.errors import InputError
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

LAYOUTS: dict[str, dict[str, Any]] = {
    "strips of one row": {"blockysize": 1},
    "strips of seven rows": {"blockysize": 7, "compress": "deflate"},
    "one strip": {"blockysize": ROWS, "compress": "lzw"},
    "tiles of 16": {"tiled": True, "blockxsize": 16, "blockysize": 16, "compress": "deflate"},
    "tiles of 64 by 32": {"tiled": True, "blockxsize": 64, "blockysize": 32, "compress": "lzw"},
    "tiles larger than the raster": {"tiled": True, "blockxsize": 512, "blockysize": 512},
}


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


@pytest.mark.parametrize("dtype", INTEGERS + FLOATS)
def test_a_nodata_value_is_missing_and_its_neighbours_are_not(tmp_path: Path, dtype: str) -> None:
    """Also in 64-bit integers, as long as the header can tell neighbours apart."""
    kind = np.dtype(dtype)
    if kind.kind == "f":
        pixels, nodata = some_pixels(dtype), 7777.0
        beside = np.nextafter(kind.type(nodata), kind.type(0))
    else:
        pixels = some_pixels(dtype) // 4
        nodata = 2**53 if kind.itemsize == 8 else int(np.iinfo(kind).max)
        beside = kind.type(nodata - 1)
    pixels[5] = nodata
    pixels[6] = beside
    _, found = read(write(tmp_path / "a.tif", pixels, nodata=nodata))
    flat = pixels.ravel().tolist()
    assert found.missing == COLS
    assert found.negative == sum(pixel < 0 for pixel in flat)
    assert found.values.tolist() == [0 if p == nodata or p < 0 else p for p in flat]


@pytest.mark.parametrize(
    ("dtype", "nodata"),
    [("uint64", 2**64 - 1), ("uint64", 2**53 + 1), ("int64", 2**63 - 1), ("int64", -(2**63))],
)
@pytest.mark.parametrize("scale", [1.0, 1e-18])
def test_a_nodata_value_that_float64_cannot_hold_is_missing_and_its_neighbour_is_not(
    tmp_path: Path, dtype: str, nodata: int, scale: float
) -> None:
    """GDAL writes such values; rasterio rounds them or leaves them out."""
    beside = nodata - 1 if nodata > 0 else nodata + 1
    pixels = np.full((ROWS, COLS), 7, dtype)
    pixels[3, 5], pixels[3, 6] = nodata, beside
    path = write(tmp_path / "a.tif", pixels, nodata=3, scale=scale)
    set_nodata_text(path, str(nodata))
    layout, found = read(path)
    assert layout.has_mask
    assert found.missing == 1
    assert found.negative == (nodata < 0)
    at = 3 * COLS + 5
    values = found.values.ravel()
    assert values[at] == 0
    assert values[at + 1] == max(0, beside) * (scale if layout.is_scaled else 1)
    assert (np.delete(values, [at, at + 1]) == 7 * (scale if layout.is_scaled else 1)).all()


def set_nodata_text(path: Path, text: str) -> None:
    """Make the text of GDAL's NODATA tag (42113) another one, behind all that is there."""
    content = bytearray(path.read_bytes())
    (first,) = struct.unpack_from("<I", content, 4)
    (entries,) = struct.unpack_from("<H", content, first)
    for place in range(first + 2, first + 2 + 12 * entries, 12):
        if struct.unpack_from("<H", content, place) == (42113,):
            struct.pack_into("<II", content, place + 4, len(text) + 1, len(content))
    path.write_bytes(bytes(content) + text.encode() + b"\0")


def test_a_negative_nodata_value_is_missing_and_not_negative(tmp_path: Path) -> None:
    pixels = np.full((ROWS, COLS), -99999, np.float32)
    pixels[0, :3] = -1, 0, 2.5
    _, found = read(write(tmp_path / "a.tif", pixels, nodata=-99999))
    assert (found.missing, found.negative) == (ROWS * COLS - 3, 1)
    assert found.values[:4].tolist() == [0, 0, 2.5, 0]


@pytest.mark.parametrize("text", ["-3.4e+38", "-3.4028234663852886e+38", "0.1", "1e+38"])
def test_a_nodata_value_with_other_digits_than_a_float32_pixel_is_found(
    tmp_path: Path, text: str
) -> None:
    pixels = np.ones((ROWS, COLS), np.float32)
    pixels[3, 4] = float(text)
    _, found = read(write(tmp_path / "a.tif", pixels, nodata=float(text)))
    assert (found.missing, found.negative) == (1, 0)
    assert found.values.sum() == ROWS * COLS - 1


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("nodata", [None, float("nan"), -1.0])
def test_nan_is_missing_whatever_nodata_is(
    tmp_path: Path, dtype: str, nodata: float | None
) -> None:
    pixels = np.ones((ROWS, COLS), dtype)
    pixels[2] = np.nan
    _, found = read(write(tmp_path / "a.tif", pixels, nodata=nodata))
    assert (found.missing, found.negative) == (COLS, 0)
    assert found.values.sum() == (ROWS - 1) * COLS


@pytest.mark.parametrize(
    "text", ["-99999", "70000", "1.5", "nan", "inf", "-inf", "1e300", "-1e+40"]
)
@pytest.mark.parametrize("dtype", ["int16", "uint8", "float32"])
def test_a_nodata_value_that_no_pixel_can_have_makes_none_missing(
    tmp_path: Path, dtype: str, text: str
) -> None:
    """GDAL writes no such header; other programs do. Its text is put into the file afterwards."""
    pixels = np.ones((ROWS, COLS), np.dtype(dtype))
    path = write(tmp_path / "a.tif", pixels, nodata=213, tiled=True, blockxsize=16, blockysize=16)
    content = path.read_bytes()
    tag = content.index(b"213\0")
    # The header names count and place of the text: a longer one goes to the end of the file.
    entry = content.index((42113).to_bytes(2, "little") + (2).to_bytes(2, "little"))
    end = len(content) + len(content) % 2
    assert tag in {entry + 8, int.from_bytes(content[entry + 8 : entry + 12], "little")}
    new = text.encode() + b"\0"
    place = new.ljust(4, b"\0") if len(new) <= 4 else end.to_bytes(4, "little")
    patched = content[: entry + 4] + len(new).to_bytes(4, "little") + place + content[entry + 12 :]
    path.write_bytes(patched.ljust(end, b"\0") + new)
    _, found = read(path)
    assert (found.missing, found.negative) == (0, 0)
    assert found.values.tolist() == [1] * (ROWS * COLS)


def test_an_inner_mask_says_what_is_missing(tmp_path: Path) -> None:
    pixels = some_pixels("int16")
    mask = np.random.default_rng(1).random((ROWS, COLS)) < 0.6
    layout, found = read(write(tmp_path / "a.tif", pixels, mask=mask))
    assert layout.has_mask
    assert found.missing == np.count_nonzero(~mask)
    assert found.negative == np.count_nonzero(mask & (pixels < 0))
    assert found.values.tolist() == np.where(mask & (pixels > 0), pixels, 0).ravel().tolist()


def test_an_inner_mask_and_a_nodata_value_count_together(tmp_path: Path) -> None:
    pixels = np.ones((ROWS, COLS), np.float32)
    pixels[0] = -1
    pixels[:, 0] = np.nan
    mask = np.ones((ROWS, COLS), np.bool_)
    mask[:, 1] = False
    _, found = read(write(tmp_path / "a.tif", pixels, mask=mask, nodata=-1))
    assert (found.missing, found.negative) == (COLS + 2 * (ROWS - 1), 0)
    assert found.values.sum() == (ROWS - 1) * (COLS - 2)


@pytest.mark.parametrize("interleave", ["pixel", "band"])
def test_an_alpha_band_says_what_is_missing(tmp_path: Path, interleave: str) -> None:
    """Wherever it is 0; half transparent is a value."""
    pixels = some_pixels("uint8")
    alpha = np.full((ROWS, COLS), 255, np.uint8)
    alpha[3], alpha[4] = 0, 128
    path = write(tmp_path / "a.tif", pixels, count=2, alpha="yes", interleave=interleave)
    with rasterio.open(path, "r+") as file:
        file.colorinterp = (ColorInterp.gray, ColorInterp.alpha)
        file.write(alpha, 2)
    layout, found = read(path)
    assert layout.has_mask
    assert (found.missing, found.negative) == (COLS, 0)
    assert found.values.tolist() == np.where(alpha > 0, pixels, 0).ravel().tolist()


def test_a_mask_beside_the_file_has_no_effect(tmp_path: Path) -> None:
    mask = np.zeros((ROWS, COLS), np.bool_)
    pixels = np.ones((ROWS, COLS), np.int16)
    layout, found = read(write(tmp_path / "a.tif", pixels, mask=mask, internal_mask=False))
    assert (tmp_path / "a.tif.msk").exists()
    assert not layout.has_mask
    assert (found.missing, found.values.sum()) == (0, ROWS * COLS)


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


def test_a_nodata_value_that_scaling_would_push_over_float64_is_missing_in_silence(
    tmp_path: Path,
) -> None:
    """R marks float64 rasters with -1.7e308."""
    pixels = np.ones((ROWS, COLS), np.float64)
    pixels[0] = -1.7e308
    _, found = read(write(tmp_path / "a.tif", pixels, scale=10.0, nodata=-1.7e308))
    assert (found.missing, found.negative) == (COLS, 0)
    assert found.values.sum() == 10 * (ROWS - 1) * COLS


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
