"""Reading by bands and windows against one plain read of the whole raster."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from raster_reading import (
    COLS,
    LAYOUTS,
    ROWS,
    Reading,
    boxes,
    globe,
    plainly,
    random_countries,
    some_pixels,
    valued,
    write,
)

from closedworld.errors import GridError, InputError
from closedworld.execution.meters import bytes_read_by_thread
from closedworld.inputs.raster.pixels import read_pixel_layout
from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import Border
from closedworld.kernels.weights import MAX_PERSONS, Basis
from closedworld.published.lineage import COUNTRY
from closedworld.stages.weights.population import require_same_grid
from closedworld.stages.weights.raster_warnings import raster_warnings
from closedworld.testing import micro_persons_exactly

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("window_cells", [1, 300, 1 << 22])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("seed", [1, 2])
def test_each_tile_of_each_country_has_the_value_of_a_plain_read(
    tmp_path: Path, layout: str, window_cells: int, seed: int
) -> None:
    """Though runs cross blocks and windows, and countries overlap; with sums and counts."""
    path = write(tmp_path / "a.tif", some_pixels(seed), nodata=-99999, **LAYOUTS[layout])
    reading = Reading(path, random_countries(seed), window_cells=window_cells, batch_tiles=37)
    missing = negative = 0
    for iso, own in reading.spans.items():
        pixels = plainly(path, own)
        assert reading.values(iso).dtype == np.float32
        assert (reading.values(iso) == valued(pixels)).all()
        middle = len(pixels) // 2
        some = reading._values.read(iso, middle, middle + 1)
        assert some.tolist() == valued(pixels)[middle : middle + 1].tolist()
        micro = [micro_persons_exactly(value) for value in valued(pixels)]
        assert reading.totals[iso, Basis.POPULATION] == sum(micro)
        assert reading.totals[iso, Basis.POPULATED] == sum(one > 0 for one in micro)
        missing += int(np.count_nonzero(np.isnan(pixels) | (pixels == -99999)))
        negative += int(np.count_nonzero(pixels == -1))
    assert (reading.told.missing, reading.told.negative) == (missing, negative)
    assert reading.told.tiles == sum(own.tile_count for own in reading.spans.values())
    assert reading.told.size_bytes == path.stat().st_size
    if bytes_read_by_thread() is not None:
        assert reading.told.bytes_read is not None
        assert reading.told.bytes_read >= reading.told.size_bytes / 2
    height = reading.layout.window_shape[0]
    assert len(reading.tasks) >= (ROWS - 5) // height


@pytest.mark.parametrize("dtype", ["int8", "uint16", "int64", "float64"])
@pytest.mark.parametrize("scale", [1.0, 0.25])
def test_other_types_masks_and_scales_are_read_the_same_way(
    tmp_path: Path, dtype: str, scale: float
) -> None:
    rng = np.random.default_rng(3)
    pixels = rng.integers(-100 if dtype != "uint16" else 0, 100, (ROWS, COLS)).astype(dtype)
    mask = rng.random((ROWS, COLS)) < 0.7
    path = tmp_path / "a.tif"
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        write(path, pixels, **LAYOUTS["tiles of 16"])
        with rasterio.open(path, "r+") as file:
            file.write_mask(mask)
            if scale != 1:
                file.scales = [scale]
    reading = Reading(path, random_countries(3), window_cells=300)
    for iso, own in reading.spans.items():
        meant = np.where(mask & (pixels > 0), pixels, 0) * scale
        rows = np.repeat(own.rows, own.col_stops - own.col_starts)
        cols = np.concatenate(
            [np.arange(a, b) for a, b in zip(own.col_starts, own.col_stops, strict=True)]
        )
        assert reading.values(iso).dtype == (dtype if scale == 1 else "float64")
        assert reading.values(iso).tolist() == meant[rows, cols].tolist()


def test_masses_of_border_tiles_are_multiplied_by_their_share(tmp_path: Path) -> None:
    """Rounded half to even, each by itself, wherever bands and batches end."""
    path = write(tmp_path / "a.tif", some_pixels(4), nodata=-99999, **LAYOUTS["tiles of 16"])
    rng = np.random.default_rng(4)
    spans, borders = random_countries(4), {}
    for iso, own in spans.items():
        ranks = np.flatnonzero(rng.random(own.tile_count) < 0.4)
        shares = rng.integers(1, 1 << 30, len(ranks), endpoint=True)
        borders[iso] = Border(ranks, shares / (1 << 30))
    # A share of one half makes halves.
    borders["BB"].coverage[:] = 0.5
    reading = Reading(path, spans, borders=borders, window_cells=300, batch_tiles=11)
    for iso, own in spans.items():
        share = np.full(own.tile_count, 1 << 30)
        share[borders[iso].ranks] = borders[iso].coverage * (1 << 30)
        micro = [micro_persons_exactly(value) for value in valued(plainly(path, own))]
        parts = list(zip(micro, share.tolist(), strict=True))
        assert reading.totals[iso, Basis.POPULATION] == sum(
            round(Fraction(mass * part, 1 << 30)) for mass, part in parts
        )
        assert reading.totals[iso, Basis.POPULATED] == sum(part for mass, part in parts if mass)


def test_threads_read_the_same(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", some_pixels(5), nodata=-99999, **LAYOUTS["tiles of 16"])
    alone = Reading(path, random_countries(5), window_cells=300)
    values = {iso: alone.values(iso).tolist() for iso in alone.spans}
    with ThreadPoolExecutor(3) as pool:
        together = Reading(path, random_countries(5), executor=pool, window_cells=300)
    assert together.totals == alone.totals
    assert {iso: together.values(iso).tolist() for iso in together.spans} == values


@pytest.mark.parametrize(
    ("value", "dtype"),
    [(np.inf, "float32"), (3.4e38, "float32"), (1e13, "float64"), (10**13, "int64")],
)
@pytest.mark.parametrize(("row", "col"), [(0, 0), (17, 40), (ROWS - 1, COLS - 1)])
def test_a_value_that_is_too_large_is_refused_with_its_place(
    tmp_path: Path, value: float, dtype: str, row: int, col: int
) -> None:
    pixels = np.ones((ROWS, COLS), dtype)
    pixels[row, col] = value
    path = write(tmp_path / "a.tif", pixels, **LAYOUTS["tiles of 16"])
    around = boxes((ROWS, COLS), (0, 1, 0, 9), (15, 20, 30, 50), (ROWS - 2, ROWS, 90, COLS))
    with pytest.raises(InputError) as caught:
        Reading(path, {"AA": boxes((ROWS, COLS), (2, 3, 1, 99)), "BB": around}, window_cells=300)
    assert caught.value.code == "raster-value-too-large"
    assert f"row {row}, column {col} holds" in caught.value.message
    assert str(path) in caught.value.message
    assert "gdal_edit.py -a_nodata" in (caught.value.hint or "")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values_that_round_to_no_micro_person_are_told(tmp_path: Path, dtype: str) -> None:
    """A raster in shares of a whole: most of its cells would be without people, in silence."""
    pixels = np.full((ROWS, COLS), 4e-7, dtype)
    pixels[0, :3] = 0.0, 6e-7, 5.0
    path = write(tmp_path / "a.tif", pixels)
    reading = Reading(path, {"AA": boxes((ROWS, COLS), (0, 2, 0, COLS))})
    warned, _ = raster_warnings(reading.found, reading.layout, COUNTRY)
    assert warned.code == "raster-too-small"
    assert warned.message.startswith(
        f"{2 * COLS - 3} of the {2 * COLS - 1} tiles with a value above"
    )
    assert reading.totals["AA", Basis.POPULATION] == 5_000_001


@pytest.mark.parametrize("dtype", ["int32", "float32"])
def test_ordinary_values_and_zeros_are_not_told(tmp_path: Path, dtype: str) -> None:
    pixels = np.zeros((ROWS, COLS), dtype)
    pixels[0] = 1
    reading = Reading(write(tmp_path / "a.tif", pixels), {"AA": boxes((ROWS, COLS), (0, 2, 0, 9))})
    assert list(raster_warnings(reading.found, reading.layout, COUNTRY)) == []


def test_a_few_values_that_round_to_nobody_are_no_alarm(tmp_path: Path) -> None:
    """Nearly every float raster has some."""
    pixels = np.ones((ROWS, COLS), np.float32)
    pixels[0, :3] = 1e-9
    reading = Reading(write(tmp_path / "a.tif", pixels), {"AA": boxes((ROWS, COLS), (0, 2, 0, 40))})
    assert reading.found.too_small == 3
    assert list(raster_warnings(reading.found, reading.layout, COUNTRY)) == []


@pytest.mark.parametrize("value", [np.inf, 3.4e38])
def test_a_value_that_is_too_large_where_no_tile_is_disturbs_nobody(
    tmp_path: Path, value: float
) -> None:
    """Neither in the window of a tile, nor as NODATA of a tile."""
    pixels = np.ones((ROWS, COLS), np.float32)
    pixels[17, 40] = value
    beside = boxes((ROWS, COLS), (17, 18, 30, 40), (17, 18, 41, 50))
    path = write(tmp_path / "a.tif", pixels)
    assert Reading(path, {"AA": beside}).totals["AA", Basis.POPULATED] == 19
    marked = write(tmp_path / "b.tif", pixels, nodata=value)
    reading = Reading(marked, {"AA": boxes((ROWS, COLS), (17, 18, 30, 50))})
    assert reading.totals["AA", Basis.POPULATED] == 19
    assert reading.told.missing == 1


def test_the_largest_value_that_is_not_too_large_counts_in_full(tmp_path: Path) -> None:
    pixels = np.zeros((ROWS, COLS), np.float64)
    pixels[3] = MAX_PERSONS
    path = write(tmp_path / "a.tif", pixels)
    reading = Reading(path, {"AA": boxes((ROWS, COLS), (0, ROWS, 0, COLS))})
    assert reading.totals["AA", Basis.POPULATION] == COLS * 9_200_000_000_000_000_000


@pytest.mark.parametrize(
    "other",
    [
        globe(ROWS, COLS // 2),
        Grid(-180.0, 80.0, 360 / COLS, 160 / ROWS, COLS, ROWS),
        Grid(-180.0, 90.0, 360 / COLS, 180 / ROWS, COLS, ROWS - 1),
    ],
    ids=["columns", "extent", "rows"],
)
def test_a_raster_of_another_grid_is_refused_and_both_grids_are_named(
    tmp_path: Path, other: Grid
) -> None:
    layout = read_pixel_layout(write(tmp_path / "a.tif", np.zeros((ROWS, COLS), np.uint8)))
    require_same_grid(layout, globe(ROWS, COLS))
    with pytest.raises(GridError) as caught:
        require_same_grid(layout, other)
    assert caught.value.code == "grids-differ"
    assert f"a grid of {globe(ROWS, COLS)}" in caught.value.message
    assert f"one of {other}." in caught.value.message
    assert str(other) != str(globe(ROWS, COLS))
