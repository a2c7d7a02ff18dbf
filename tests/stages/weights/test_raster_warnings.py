"""When a raster is warned of, and what is said of it."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from raster_reading import COLS, LAYOUTS, ROWS, Reading, boxes, some_pixels, write

from closedworld.errors import InputError
from closedworld.kernels.weights import RasterFindings
from closedworld.kernels.weights.raster_findings import HeavyCell
from closedworld.published.lineage import COUNTRY
from closedworld.stages.weights import population
from closedworld.stages.weights.raster_warnings import raster_warnings, refuse_limit

if TYPE_CHECKING:
    from pathlib import Path

LAYOUT: Any = SimpleNamespace(
    info=SimpleNamespace(name="people.tif", first_row=2, dtype="uint16"),
    limit=65_535,
    nodata_digits=lambda value: f"{value:g}",
)


def told(**found: Any) -> list[tuple[str, str]]:
    warnings = raster_warnings(RasterFindings(tiles=1000, **found), LAYOUT, COUNTRY)
    return [(one.code, one.message) for one in warnings]


@pytest.mark.parametrize(
    ("too_small", "positive", "is_told"),
    [(0, 0, False), (1, 10, False), (2, 10, True), (2, 21, False)],
)
def test_more_than_a_tenth_of_values_that_round_to_nobody_is_told(
    too_small: int, positive: int, *, is_told: bool
) -> None:
    codes = [code for code, _ in told(too_small=too_small, positive=positive)]
    assert codes == ["raster-too-small"] * is_told


def test_nothing_is_told_of_a_sound_raster() -> None:
    assert told(positive=1000) == []


def test_the_first_cell_with_the_largest_number_may_be_the_first_of_the_grid() -> None:
    ((code, message),) = told(at_limit=3, limit_row=0, limit_col=0)
    assert code == "raster-value-limit"
    assert message.startswith("3 of 1,000 tiles hold 65535, the largest number of uint16")
    assert "row 2, column 0." in message


@pytest.mark.parametrize(("count", "shown"), [(1, 1), (10, 10), (11, 10)])
def test_of_cells_with_nearly_all_people_ten_are_shown(count: int, shown: int) -> None:
    cells = tuple(HeavyCell(f"A{chr(65 + n)}", n, 5, 0.99) for n in range(count))
    ((code, message),) = told(heavy_cells=cells)
    assert code == "raster-one-cell"
    assert message.startswith("1 country has" if count == 1 else f"{count} countries have")
    assert message.count("99.0% in row") == shown
    assert "AA (99.0% in row 2, column 5)" in message


@pytest.mark.parametrize(
    ("limit", "is_refused"), [(None, False), (255, False), (65_535, False), (2**31 - 1, True)]
)
def test_the_largest_number_of_more_than_sixteen_bits_is_refused(
    limit: int | None, *, is_refused: bool
) -> None:
    layout: Any = SimpleNamespace(info=LAYOUT.info, limit=limit)
    if not is_refused:
        refuse_limit(layout, 3, 4)
        return
    with pytest.raises(InputError, match="row 5, column 4 holds 2147483647") as caught:
        refuse_limit(layout, 3, 4)
    assert caught.value.code == "raster-nodata-undeclared"


def test_bytes_that_were_read_are_those_of_all_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten between any two looks at the counter; unknown where one of them shows nothing."""
    path = write(tmp_path / "a.tif", some_pixels(6), **LAYOUTS["tiles of 16"])
    spans = boxes((ROWS, COLS), (3, 9, 5, 9), (30, 33, 100, 128), (31, 32, 14, 18))
    looks = 0

    def look() -> int:
        nonlocal looks
        looks += 1
        return 1000 + 10 * looks

    monkeypatch.setattr(population, "bytes_read_by_thread", look)
    monkeypatch.setattr("time.perf_counter", itertools.count(1000.0).__next__)
    reading = Reading(path, {"AA": spans}, window_cells=300)
    assert looks > 6
    assert reading.told.bytes_read == 10 * looks / 2
    assert 0 < reading.told.seconds < 1000
    for shown in (itertools.cycle([None, 5]), itertools.cycle([5, None]), itertools.repeat(None)):
        monkeypatch.setattr(population, "bytes_read_by_thread", shown.__next__)
        assert Reading(path, {"AA": spans}, window_cells=300).told.bytes_read is None


def test_bytes_are_unknown_where_one_band_does_not_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.tif", some_pixels(6), **LAYOUTS["strips of seven rows"])
    spans = boxes((ROWS, COLS), (0, 1, 0, 4), (50, 58, 3, 5))
    for missing in range(3):
        shown = iter([None if number == missing else 7 for number in range(3) for _ in range(2)])
        monkeypatch.setattr(population, "bytes_read_by_thread", shown.__next__)
        assert Reading(path, {"AA": spans}, window_cells=1).told.bytes_read is None


@pytest.mark.parametrize("batch_tiles", [1, 37, 1 << 18])
@pytest.mark.parametrize(("row", "col"), [(2, 7), (31, 15), (59, 127)])
def test_the_heaviest_cell_is_found_wherever_bands_and_batches_end(
    tmp_path: Path, row: int, col: int, batch_tiles: int
) -> None:
    pixels = np.ones((ROWS, COLS), np.float32)
    pixels[row, col], pixels[17, 40] = 1e9, 100
    path = write(tmp_path / "a.tif", pixels, **LAYOUTS["tiles of 16"])
    spans = boxes((ROWS, COLS), (0, ROWS, 0, COLS))
    reading = Reading(path, {"AA": spans}, window_cells=300, batch_tiles=batch_tiles)
    assert [(one.row, one.col) for one in reading.found.heavy_cells] == [(row, col)]
    assert reading.found.too_small == 0


def test_the_first_of_several_values_too_large_is_named(tmp_path: Path) -> None:
    pixels = np.ones((ROWS, COLS), np.float64)
    pixels[4, 5], pixels[4, 9], pixels[6, 1] = 9.3e12, 9.4e12, 9.5e12
    path = write(tmp_path / "a.tif", pixels)
    with pytest.raises(InputError, match=r"row 4, column 5 holds 9\.3e\+12 persons"):
        Reading(path, {"AA": boxes((ROWS, COLS), (0, ROWS, 0, COLS))})


def test_a_value_halfway_to_a_micro_person_is_no_nearer_to_none(tmp_path: Path) -> None:
    pixels = np.ones((ROWS, COLS), np.float64)
    pixels[0, :3] = 0.5e-6, np.nextafter(0.5e-6, 0), 0.0
    reading = Reading(write(tmp_path / "a.tif", pixels), {"AA": boxes((ROWS, COLS), (0, 1, 0, 9))})
    assert (reading.found.too_small, reading.found.positive) == (1, 8)
