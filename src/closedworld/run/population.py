"""Reading the population of all tiles: in block order, no block twice, few without a tile.

The values go to a scratch file, country after country in tile_id order, in the raster's own type. So
no more than a window of the raster and the tiles of its rows is ever in memory, whatever the
countries' shapes, and a unit of work finds its values as one piece.
"""

from __future__ import annotations

import time
from collections import Counter
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from closedworld.datasets.durable import not_writable
from closedworld.errors import GridError, InputError
from closedworld.execution.events import RasterRead, Warned
from closedworld.grid import PixelReader, values_of
from closedworld.run.meters import bytes_read_by_thread
from closedworld.run.tile_files import BATCH_TILES
from closedworld.run.work import PhaseClock, UnitResult
from closedworld.weights import MAX_PERSONS, Basis, exact_sum, population_masses

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from closedworld.grid import Grid, PixelLayout
    from closedworld.run.bands import BandTask, Segment
    from closedworld.run.work import Crew

READING = "reading"
"""What the work is called that reads the raster."""


@dataclass(slots=True)
class BandResult(UnitResult):
    """What was read.

    Attributes:
        totals: Sum of the masses by country and basis.
        missing: Tiles without a value.
        negative: Tiles with a value below zero.
        bytes_read: What the system was asked for; None where it does not tell.
    """

    totals: Counter[tuple[str, Basis]] = field(default_factory=Counter)
    missing: int = 0
    negative: int = 0
    bytes_read: int | None = None


def require_same_grid(layout: PixelLayout, grid: Grid) -> None:
    """Refuse a raster of another grid.

    Raises:
        GridError: ``grids-differ``.
    """
    if not layout.info.grid.is_same_lattice(grid):
        raise GridError(
            "grids-differ",
            f"{layout.info.path} has a grid of {layout.info.grid}; the tile index has one of {grid}.",
            "Build the tile index with this raster (--raster), or bring the raster to the grid of the "
            "index with gdalwarp -r sum -te WEST SOUTH EAST NORTH -ts COLUMNS ROWS.",
        )


def read_population(
    crew: Crew, layout: PixelLayout, tasks: Sequence[BandTask]
) -> Counter[tuple[str, Basis]]:
    """Read all bands and return the sum of the masses by country and basis.

    Raises:
        InputError: ``input-unreadable``, ``raster-value-too-large``.
        PublishError: ``output-not-writable``.
    """
    began = time.perf_counter()
    totals: Counter[tuple[str, Basis]] = Counter()
    missing = negative = tiles = 0
    read: int | None = 0
    with closing(crew.do(read_band, tasks, READING)) as done:
        for task, result in done:
            totals.update(result.totals)
            missing += result.missing
            negative += result.negative
            tiles += task.tiles
            read = None if read is None or result.bytes_read is None else read + result.bytes_read
    crew.observer.on_event(
        RasterRead(
            stage=crew.stage.number,
            path=str(layout.info.path),
            size_bytes=layout.size_bytes,
            bytes_read=read,
            tiles=tiles,
            missing=missing,
            negative=negative,
            seconds=time.perf_counter() - began,
        )
    )
    if negative:
        crew.observer.on_event(
            Warned(
                "raster-negative",
                f"{negative:,} of {tiles:,} tiles have a value below zero in {layout.info.path}, counted "
                "as 0. If it stands for no data, say so: gdal_edit.py -a_nodata VALUE in.tif",
            )
        )
    return totals


def read_band(task: BandTask) -> BandResult:
    """Read the tiles of a band, write their values to the scratch file and add up their masses.

    Raises:
        InputError: ``input-unreadable``, ``raster-value-too-large``.
        PublishError: ``output-not-writable``.
    """
    result = BandResult()
    clock = PhaseClock(result)
    before = bytes_read_by_thread()
    pixels, is_valid = _pixels(task)
    after = bytes_read_by_thread()
    result.bytes_read = None if before is None or after is None else after - before
    clock.ends("read")
    with _opened(task.values.path) as file:
        before_segment = 0
        for segment in task.segments:
            place = task.values.first[segment.country_iso] + segment.first_rank
            file.seek(place * task.values.dtype.itemsize)
            for first in range(0, segment.tiles, BATCH_TILES):
                stop = min(first + BATCH_TILES, segment.tiles)
                here = slice(before_segment + first, before_segment + stop)
                valid_here = None if is_valid is None else is_valid[here]
                found = values_of(task.layout, pixels[here], valid_here)
                result.missing += found.missing
                result.negative += found.negative
                _refuse_too_large(task, found.values, here.start)
                _add_up(task, segment, first, found.values, result)
                clock.ends("add up")
                file.write(found.values.data)
                clock.ends("write")
            before_segment += segment.tiles
    return result


def _pixels(task: BandTask) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """Return the pixels of the band's tiles by segment and row, and whether each is valid."""
    pixels = np.empty(task.tiles, task.layout.info.dtype)
    is_valid = np.empty(task.tiles, np.bool_) if task.layout.has_mask else None
    with PixelReader(task.layout) as reader:
        for row, col, rows, cols, pieces in _windows(task):
            block, mask = reader.read(row, col, rows, cols)
            _gather(block, pieces, pixels)
            if mask is not None and is_valid is not None:
                _gather(mask, pieces, is_valid)
    return pixels, is_valid


def _gather(block: NDArray[Any], pieces: Sequence[NDArray[np.int64]], into: NDArray[Any]) -> None:
    """Copy pieces of rows, given as places in the block, lengths and places in the target."""
    flat = block.ravel()
    # A copy for each run of tiles: half the time of gathering by an array of indices.
    for place, length, target in zip(*(side.tolist() for side in pieces), strict=True):
        into[target : target + length] = flat[place : place + length]


def _windows(
    task: BandTask,
) -> Iterator[tuple[int, int, int, int, tuple[NDArray[np.int64], ...]]]:
    """Yield ``(row, col, rows, cols, pieces)`` of the windows to read, as ``_gather`` wants them.

    They are made of columns of blocks that hold a tile, from the first to the last row of tiles, and no
    two share a block.
    """
    rows, col_starts, col_stops = task.runs
    lengths = col_stops - col_starts
    targets = np.cumsum(lengths) - lengths
    starts, stops = _column_ranges(task)
    # A run goes on where one window ends and the next begins.
    first = np.searchsorted(starts, col_starts, side="right") - 1
    last = np.searchsorted(starts, col_stops - 1, side="right") - 1
    run = np.repeat(np.arange(len(rows)), last - first + 1)
    window = np.arange(len(run)) - np.repeat(
        np.cumsum(last - first + 1) - last - 1, last - first + 1
    )
    begin = np.maximum(col_starts[run], starts[window])
    length = np.minimum(col_stops[run], stops[window]) - begin
    target = targets[run] + begin - col_starts[run]
    order = np.argsort(window, kind="stable")
    bounds = np.searchsorted(window[order], np.arange(len(starts) + 1))
    for number, (col, col_stop) in enumerate(zip(starts.tolist(), stops.tolist(), strict=True)):
        here = order[bounds[number] : bounds[number + 1]]
        row_of = rows[run[here]]
        row, row_stop, cols = int(row_of.min()), int(row_of.max()) + 1, col_stop - col
        place = (row_of - row) * cols + begin[here] - col
        yield row, col, row_stop - row, cols, (place, length[here], target[here])


def _column_ranges(task: BandTask) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return first and last-but-one columns of the windows: neighbouring blocks that hold tiles."""
    _, col_starts, col_stops = task.runs
    n_cols, block_cols = task.layout.info.grid.n_cols, task.layout.block_cols
    n_blocks = -(-n_cols // block_cols)
    opened = np.bincount(col_starts // block_cols, minlength=n_blocks + 1)
    closed = np.bincount((col_stops - 1) // block_cols + 1, minlength=n_blocks + 1)
    blocks = np.flatnonzero(np.cumsum(opened - closed) > 0)
    # A window ends where a block is left out, and when it is wide enough.
    most = max(1, task.layout.window_shape[1] // block_cols)
    begins_group = np.diff(blocks, prepend=-2) > 1
    group_first = blocks[begins_group][np.cumsum(begins_group) - 1]
    begins = begins_group | ((blocks - group_first) % most == 0)
    ends = np.append(begins[1:], True)
    starts, stops = blocks[begins] * block_cols, (blocks[ends] + 1) * block_cols
    return starts, np.minimum(stops, n_cols)


def _refuse_too_large(task: BandTask, values: NDArray[Any], before: int) -> None:
    """Raise when a tile's value is more than arithmetic can hold, and say where.

    ``before`` counts the tiles of the band before these.
    """
    too_large = np.flatnonzero(values > MAX_PERSONS)
    if len(too_large) == 0:
        return
    rows, col_starts, col_stops = task.runs
    ends = np.cumsum(col_stops - col_starts)
    tile = before + int(too_large[0])
    run = int(np.searchsorted(ends, tile, side="right"))
    col = int(col_stops[run] - (ends[run] - tile))
    raise InputError(
        "raster-value-too-large",
        f"{task.layout.info.path}: row {rows[run]}, column {col} holds {values[too_large[0]]:g} "
        f"persons; {MAX_PERSONS:g} is the most a tile can have.",
        "If it stands for no data, say so: gdal_edit.py -a_nodata VALUE in.tif",
    )


def _add_up(
    task: BandTask, segment: Segment, first: int, values: NDArray[Any], result: BandResult
) -> None:
    """Add the masses of some tiles of a segment, from the ``first``, to the totals."""
    shares = segment.shares_between(first, first + len(values))
    for basis in task.bases:
        masses = population_masses(basis, values, shares)
        result.totals[segment.country_iso, basis] += exact_sum(masses)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Open the scratch file for writing in places.

    Raises:
        PublishError: ``output-not-writable``.
    """
    try:
        with path.open("r+b") as file:
            yield file
    except OSError as error:
        raise not_writable(path, error) from error
