"""Reads rasters of the globe for made-up countries, as the stage of weights does."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from affine import Affine

from closedworld.execution import SerialExecutor, WorkerPool, events
from closedworld.inputs.raster.pixels import read_pixel_layout
from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import Border, RowSpans
from closedworld.kernels.weights import Basis
from closedworld.stages import WEIGHTS
from closedworld.stages.task_runner import TaskRunner
from closedworld.stages.weights.bands import BandTask, ScratchValues, plan_bands
from closedworld.stages.weights.population import read_population
from closedworld.store.local import storage_at
from closedworld.store.staging import Staging

if TYPE_CHECKING:
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
        self.read, self.found = read_population(runner, self.layout, self.tasks)
        self.totals = Counter({of: masses.total for of, masses in self.read.items()})
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
