"""Which blocks of a raster are read: those with tiles, each once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from raster_reading import (
    COLS,
    LAYOUTS,
    ROWS,
    Reading,
    boxes,
    plainly,
    random_countries,
    some_pixels,
    valued,
    write,
)

from closedworld.inputs.raster.pixels import PixelReader

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int, int, int]]:
    """Return the list that every window is added to when it is read: row, col, rows, cols."""
    seen = []
    plain = PixelReader.read

    def read(self: PixelReader, row: int, col: int, rows: int, cols: int) -> Any:
        seen.append((row, col, rows, cols))
        return plain(self, row, col, rows, cols)

    monkeypatch.setattr(PixelReader, "read", read)
    return seen


@pytest.mark.parametrize("window_cells", [1, 300, 2000, 1 << 22])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_no_block_is_read_twice_and_no_window_is_larger_than_it_may_be(
    tmp_path: Path,
    windows: list[tuple[int, int, int, int]],
    layout: str,
    window_cells: int,
) -> None:
    path = write(tmp_path / "a.tif", some_pixels(6), **LAYOUTS[layout])
    countries = random_countries(6)
    del countries["AA"], countries["DD"]
    reading = Reading(path, countries, window_cells=window_cells)
    block_rows, block_cols = reading.layout.block_rows, reading.layout.block_cols
    tiles = np.zeros((ROWS, COLS), np.int64)
    for own in countries.values():
        for row, start, stop in zip(own.rows, own.col_starts, own.col_stops, strict=True):
            tiles[row, start:stop] += 1
    most = np.prod(reading.layout.window_shape)
    read = np.zeros((-(-ROWS // block_rows), -(-COLS // block_cols)), np.int64)
    covered = np.zeros((ROWS, COLS), np.bool_)
    for row, col, rows, cols in windows:
        assert rows * cols <= most
        assert col % block_cols == 0
        assert (col + cols) % block_cols == 0 or col + cols == COLS
        # Rows without a tile at either end are left out, and so are blocks without one.
        here = tiles[row : row + rows, col : col + cols]
        assert here[0].any()
        assert here[-1].any()
        for first in range(0, cols, block_cols):
            assert here[:, first : first + block_cols].any()
        read[
            row // block_rows : (row + rows - 1) // block_rows + 1,
            col // block_cols : (col + cols - 1) // block_cols + 1,
        ] += 1
        covered[row : row + rows, col : col + cols] = True
    assert read.max() == 1
    assert covered[tiles > 0].all()


@pytest.mark.parametrize(
    ("layout", "window_cells"),
    [
        ("strips of one row", 100),
        ("strips of seven rows", 100),
        ("tiles of 16", 100),
        ("tiles of 16", 16 * COLS),
    ],
)
def test_no_block_without_a_tile_is_read_where_bands_are_one_block_high(
    tmp_path: Path,
    windows: list[tuple[int, int, int, int]],
    layout: str,
    window_cells: int,
) -> None:
    """As they are in a raster of 43200 columns in tiles of 128 rows or more."""
    path = write(tmp_path / "a.tif", some_pixels(7), **LAYOUTS[layout])
    spans = boxes(
        (ROWS, COLS), (3, 9, 5, 9), (30, 33, 100, 128), (31, 32, 14, 18), (31, 32, 50, 51),
        (50, 51, 14, 17),
    )  # fmt: skip
    reading = Reading(path, {"AA": spans}, window_cells=window_cells)
    block_rows, block_cols = reading.layout.block_rows, reading.layout.block_cols
    with_tile = {
        (int(row) // block_rows, col // block_cols)
        for row, start, stop in zip(spans.rows, spans.col_starts, spans.col_stops, strict=True)
        for col in range(start, stop)
    }
    read = [
        (block_row, block_col)
        for row, col, rows, cols in windows
        for block_row in range(row // block_rows, (row + rows - 1) // block_rows + 1)
        for block_col in range(col // block_cols, (col + cols - 1) // block_cols + 1)
    ]
    assert sorted(read) == sorted(with_tile)


def test_neighbouring_blocks_are_read_together_as_far_as_a_window_reaches(
    tmp_path: Path, windows: list[tuple[int, int, int, int]]
) -> None:
    """Four blocks of 16 columns are as many cells as a window may have; the last of these is left out."""
    path = write(tmp_path / "a.tif", some_pixels(9), **LAYOUTS["tiles of 16"])
    spans = boxes((ROWS, COLS), (0, ROWS, 0, 112))
    reading = Reading(path, {"AA": spans}, window_cells=16 * 64)
    assert reading.layout.window_shape == (16, 64)
    assert windows == [
        (row, col, min(16, ROWS - row), width)
        for row in range(0, ROWS, 16)
        for col, width in ((0, 64), (64, 48))
    ]
    assert (reading.values("AA") == valued(plainly(path, spans))).all()


def test_a_band_without_a_tile_is_no_task(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", some_pixels(8), **LAYOUTS["strips of seven rows"])
    reading = Reading(
        path, {"AA": boxes((ROWS, COLS), (0, 1, 0, 4), (50, 58, 3, 5))}, window_cells=1
    )
    assert [(task.row_start, task.row_stop) for task in reading.tasks] == [
        (0, 7),
        (49, 56),
        (56, 60),
    ]
    assert [task.cost for task in reading.tasks] == [4, 12, 4]
    assert str(reading.tasks[1]) == "raster rows 49 to 55"


BIG_LAYOUTS: dict[str, dict[str, Any]] = {
    "strips of one row": {"blockysize": 1},
    "strips of 64 rows": {"blockysize": 64, "compress": "lzw"},
    "tiles of 256": {"tiled": True, "compress": "deflate", "zlevel": 1},
    "tiles of 64": {"tiled": True, "blockxsize": 64, "blockysize": 64},
}


@pytest.mark.slow
@pytest.mark.parametrize("layout", BIG_LAYOUTS)
@pytest.mark.parametrize("window_cells", [1 << 17, 1 << 22])
def test_the_file_is_read_once_however_far_apart_the_parts_of_countries_lie(
    tmp_path: Path, layout: str, window_cells: int
) -> None:
    """France with its islands in all oceans, twice, and a country all around it: measured bytes."""
    shape = 1024, 2048
    rng = np.random.default_rng(9)
    pixels = rng.integers(1 << 23, 1 << 30, shape, np.uint32).view(np.float32)
    path = write(tmp_path / "a.tif", pixels, **BIG_LAYOUTS[layout])
    france = boxes(
        shape, (220, 280, 1000, 1070), (480, 500, 715, 735), (630, 633, 1338, 1342), (610, 615, 170, 180)
    )  # fmt: skip
    around = boxes(shape, (0, 1024, 0, 2048))
    reading = Reading(path, {"FR": france, "GF": france, "WW": around}, window_cells=window_cells)
    assert (reading.values("FR") == valued(plainly(path, france))).all()
    assert reading.told.size_bytes == path.stat().st_size > 4 << 20
    if reading.told.bytes_read is None:
        pytest.skip("this system does not count bytes per thread")
    assert 0.9 <= reading.told.bytes_read / reading.told.size_bytes <= 1.25
    alone = Reading(path, {"FR": france}, window_cells=window_cells).told.bytes_read
    assert alone is not None
    assert alone / reading.told.size_bytes <= 0.5
