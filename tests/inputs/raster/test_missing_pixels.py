"""Which pixels are missing: by NODATA, NaN, masks inside the file and alpha bands."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from pixels import COLS, FLOATS, INTEGERS, ROWS, read, some_pixels, write
from rasterio.enums import ColorInterp

if TYPE_CHECKING:
    from pathlib import Path


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


def test_a_nodata_value_that_scaling_would_push_over_float64_is_missing_in_silence(
    tmp_path: Path,
) -> None:
    """R marks float64 rasters with -1.7e308."""
    pixels = np.ones((ROWS, COLS), np.float64)
    pixels[0] = -1.7e308
    _, found = read(write(tmp_path / "a.tif", pixels, scale=10.0, nodata=-1.7e308))
    assert (found.missing, found.negative) == (COLS, 0)
    assert found.values.sum() == 10 * (ROWS - 1) * COLS
