"""Reading by bands and windows against one plain read of the whole raster."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
from affine import Affine

from closedworld.errors import GridError, InputError
from closedworld.execution import SerialExecutor, WorkerPool, events
from closedworld.inputs.raster.pixels import PixelReader, read_pixel_layout
from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import Border, RowSpans
from closedworld.kernels.weights import Basis
from closedworld.stages import WEIGHTS
from closedworld.stages.task_runner import TaskRunner
from closedworld.stages.weights.bands import BandTask, ScratchValues, plan_bands
from closedworld.stages.weights.population import read_population, require_same_grid
from closedworld.store.places import storage_at
from closedworld.store.staging import Staging
from closedworld.testing import micro_persons_exactly

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping
    from concurrent.futures import Executor
    from pathlib import Path

    from numpy.typing import NDArray

    from closedworld.execution.events import Event


ROWS, COLS = 60, 128
BASES = (Basis.POPULATION, Basis.POPULATED)

LAYOUTS: dict[str, dict[str, Any]] = {
    "strips of one row": {"blockysize": 1},
    "strips of seven rows": {"blockysize": 7, "compress": "deflate"},
    "one strip": {"blockysize": ROWS},
    "tiles of 16": {"tiled": True, "blockxsize": 16, "blockysize": 16, "compress": "deflate"},
    "tiles of 48 by 32": {"tiled": True, "blockxsize": 48, "blockysize": 32},
    "a tile larger than the raster": {"tiled": True, "blockxsize": 256, "blockysize": 256},
}


class Reading:
    """Reads a raster for some countries and keeps what came of it."""

    def __init__(
        self,
        path: Path,
        spans: Mapping[str, RowSpans],
        *,
        borders: Mapping[str, Border] | None = None,
        executor: Executor | None = None,
        window_cells: int = 1 << 22,
        batch_tiles: int = 1 << 18,
    ) -> None:
        self.layout = replace(read_pixel_layout(path), window_cells=window_cells)
        self.spans = spans
        self.events: list[Event] = []
        scratch = path.with_suffix(".bin")
        scratch.write_bytes(b"")
        self._values = ScratchValues.planned(scratch, self.layout, spans)
        self.tasks: list[BandTask] = plan_bands(
            self.layout, spans, BASES, borders, self._values, batch_tiles
        )
        pool = WorkerPool(executor or SerialExecutor(), 2)
        runner = TaskRunner(pool, WEIGHTS, self, Staging(storage_at(path.parent), WEIGHTS.name))
        self.totals: Counter[tuple[str, Basis]] = read_population(runner, self.layout, self.tasks)
        (self.told,) = (one for one in self.events if isinstance(one, events.RasterRead))

    def on_event(self, event: Event) -> None:
        self.events.append(event)

    def values(self, iso: str) -> NDArray[Any]:
        return self._values.read(iso, 0, self.spans[iso].tile_count)


def globe(rows: int, cols: int) -> Grid:
    return Grid(-180.0, 90.0, 360 / cols, 180 / rows, cols, rows)


def write(path: Path, pixels: NDArray[Any], **options: Any) -> Path:
    """Write a raster of the whole globe."""
    rows, cols = pixels.shape
    profile = {
        "driver": "GTiff",
        "width": cols,
        "height": rows,
        "count": 1,
        "dtype": pixels.dtype.name,
        "crs": "EPSG:4326",
        "transform": Affine(360 / cols, 0.0, -180.0, 0.0, -180 / rows, 90.0),
        **options,
    }
    with rasterio.open(path, "w", **profile) as file:
        file.write(pixels, 1)
    return path


def spans_of(cells: NDArray[np.bool_]) -> RowSpans:
    """Return the tiles where cells are true."""
    rows, cols = np.nonzero(cells)
    return RowSpans.from_runs(globe(*cells.shape), rows, cols, cols + 1)


def boxes(shape: tuple[int, int], *ranges: tuple[int, int, int, int]) -> RowSpans:
    """Return the tiles of ``(row_start, row_stop, col_start, col_stop)``."""
    cells = np.zeros(shape, np.bool_)
    for row_start, row_stop, col_start, col_stop in ranges:
        cells[row_start:row_stop, col_start:col_stop] = True
    return spans_of(cells)


def random_countries(seed: int) -> dict[str, RowSpans]:
    """Return countries that overlap: long runs, scattered tiles, one tile, and runs of whole rows."""
    rng = np.random.default_rng(seed)
    wavy = np.cumsum(rng.normal(size=(ROWS, COLS)), axis=1) > 1
    scattered = rng.random((ROWS, COLS)) < 0.03
    one = np.zeros((ROWS, COLS), np.bool_)
    one[rng.integers(ROWS), rng.integers(COLS)] = True
    full = np.zeros((ROWS, COLS), np.bool_)
    full[rng.choice(ROWS, 5, replace=False)] = True
    corner = np.zeros((ROWS, COLS), np.bool_)
    corner[-1, -1] = corner[0, 0] = True
    cells = {"AA": wavy, "BB": scattered, "CC": one, "DD": full, "EE": corner}
    return {iso: spans_of(own) for iso, own in cells.items()}


def some_pixels(seed: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    pixels = rng.gamma(0.3, 500, (ROWS, COLS)).astype(np.float32)
    pixels[rng.random((ROWS, COLS)) < 0.1] = -99999
    pixels[rng.random((ROWS, COLS)) < 0.05] = -1
    pixels[rng.random((ROWS, COLS)) < 0.05] = np.nan
    return pixels


def plainly(path: Path, spans: RowSpans) -> NDArray[Any]:
    """Return the pixels of tiles from one read of the whole raster."""
    with rasterio.open(path) as file:
        everything = file.read(1)
    rows = np.repeat(spans.rows, spans.col_stops - spans.col_starts)
    cols = [np.arange(*ends) for ends in zip(spans.col_starts, spans.col_stops, strict=True)]
    return np.asarray(everything[rows, np.concatenate(cols)])


def valued(pixels: NDArray[Any]) -> NDArray[Any]:
    """Return pixels with 0 for what is missing or negative."""
    return np.where(pixels > 0, pixels, np.zeros(1, pixels.dtype))


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
        (ROWS, COLS), (3, 9, 5, 9), (30, 33, 100, 128), (31, 32, 14, 18), (31, 32, 50, 51)
    )
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
    (warned,) = (one for one in reading.events if isinstance(one, events.Warned))
    assert warned.code == "raster-too-small"
    assert warned.message.startswith(f"{2 * COLS - 3} of {2 * COLS} tiles have a value above zero")
    assert reading.totals["AA", Basis.POPULATION] == 5_000_001


@pytest.mark.parametrize("dtype", ["int32", "float32"])
def test_ordinary_values_and_zeros_are_not_told(tmp_path: Path, dtype: str) -> None:
    pixels = np.zeros((ROWS, COLS), dtype)
    pixels[0] = 1
    reading = Reading(write(tmp_path / "a.tif", pixels), {"AA": boxes((ROWS, COLS), (0, 2, 0, 9))})
    assert not any(isinstance(one, events.Warned) for one in reading.events)


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
    pixels[3] = 9.2e12
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
