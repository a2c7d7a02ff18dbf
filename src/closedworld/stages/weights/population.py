"""Reading the population of all tiles: in block order, no block twice, few without a tile.

The values go to a scratch file, country after country in tile_id order, in the raster's own type. So
no more than a window of the raster is ever in memory, whatever the countries' shapes and however fine
the grid, and a task finds its values as one piece.
"""

from __future__ import annotations

import os
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from closedworld.errors import GridError, InputError
from closedworld.execution.events import RasterRead
from closedworld.execution.meters import bytes_read_by_thread
from closedworld.inputs.raster.pixels import PixelLayout, PixelReader, Values, values_of
from closedworld.kernels.grid import Grid
from closedworld.kernels.weights import (
    MAX_PERSONS,
    Basis,
    Largest,
    RasterFindings,
    coverage_shares,
    exact_sum,
    population_masses,
)
from closedworld.stages.task_runner import PhaseClock, TaskRunner
from closedworld.stages.tasks import TaskResult
from closedworld.stages.weights.bands import BandTask, WindowRuns
from closedworld.stages.weights.raster_warnings import refuse_limit
from closedworld.store.durable import writing_to

READING = "reading"
"""What the work is called that reads the raster."""

_HALF_A_MICRO_PERSON = 0.5e-6

_SAMPLED = 64
"""One mass in so many goes into the sample that tells where the cut-offs are."""


@dataclass(frozen=True, slots=True, eq=False)
class PopulationMasses:
    """What all tiles of a country come to under a basis.

    Attributes:
        total: Sum of the masses.
        sample: One mass in ``_SAMPLED``, int64 (n,).
    """

    total: int
    sample: NDArray[np.int64]


@dataclass(slots=True)
class BandResult(TaskResult):
    """What was read.

    Attributes:
        totals: Sum of the masses by country and basis.
        samples: Some of these masses.
        found: What makes weights doubtful.
        largest: ``(mass, row, col)`` of the tile with most people of each country.
        bytes_read: What the system was asked for; None where it does not tell.
    """

    totals: Counter[tuple[str, Basis]] = field(default_factory=Counter)
    samples: defaultdict[tuple[str, Basis], list[NDArray[np.int64]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    found: RasterFindings = field(default_factory=RasterFindings)
    largest: dict[str, Largest] = field(default_factory=dict)
    bytes_read: int | None = None


def require_same_grid(layout: PixelLayout, grid: Grid) -> None:
    """Refuse a raster of another grid.

    Raises:
        GridError: ``grids-differ``.
    """
    if not layout.info.grid.is_same_lattice(grid):
        raise GridError(
            "grids-differ",
            f"{layout.info.name} has a grid of {layout.info.grid}; the tile index has one of {grid}.",
            "Build the tile index with this raster (--raster), or bring the raster to the grid of the "
            "index with gdalwarp -r sum -et 0 -te WEST SOUTH EAST NORTH -ts COLUMNS ROWS.",
        )


def read_population(
    runner: TaskRunner, layout: PixelLayout, tasks: Sequence[BandTask]
) -> tuple[Mapping[tuple[str, Basis], PopulationMasses], RasterFindings]:
    """Read all bands and return what the masses come to by country and basis, and what is doubtful.

    Raises:
        InputError: ``input-unreadable``, ``raster-value-too-large``, ``raster-nodata-undeclared``.
        PublishError: ``output-not-writable``.
    """
    began = time.perf_counter()
    totals: Counter[tuple[str, Basis]] = Counter()
    samples: defaultdict[tuple[str, Basis], list[NDArray[np.int64]]] = defaultdict(list)
    found = RasterFindings()
    largest: dict[str, Largest] = {}
    tile_counts: Counter[str] = Counter()
    read: int | None = 0
    with closing(runner.map(read_band, tasks, READING)) as done:
        for task, result in done:
            totals.update(result.totals)
            for of, some in result.samples.items():
                samples[of] += some
            found += result.found
            for iso, one in result.largest.items():
                largest[iso] = max(largest.get(iso, one), one)
            tile_counts.update({own.country_iso: own.tiles.tile_count for own in task.countries})
            read = None if read is None or result.bytes_read is None else read + result.bytes_read
    people = {iso: total for (iso, basis), total in totals.items() if basis is Basis.POPULATION}
    found = found.with_heavy_cells(largest, people, tile_counts)
    runner.observer.on_event(
        RasterRead(
            stage=runner.stage.number,
            path=str(layout.info.path),
            size_bytes=layout.size_bytes,
            bytes_read=read,
            tiles=found.tiles,
            missing=found.missing,
            negative=found.negative,
            seconds=time.perf_counter() - began,
        )
    )
    masses = {
        of: PopulationMasses(total, np.concatenate(samples[of])) for of, total in totals.items()
    }
    return masses, found


def read_band(task: BandTask) -> BandResult:
    """Read the tiles of a band, write their values to the scratch file and add up their masses.

    No more than a window of the raster is in memory at once.

    Raises:
        InputError: ``input-unreadable``, ``raster-value-too-large``, ``raster-nodata-undeclared``.
        PublishError: ``output-not-writable``.
    """
    result = BandResult()
    clock = PhaseClock(result)
    path = task.scratch.path
    with writing_to(path), path.open("r+b") as file, PixelReader(task.layout) as reader:
        for col, col_stop, window_runs in _windows(task):
            rows = np.concatenate([own.rows for own in window_runs])
            row, row_stop = int(rows.min()), int(rows.max()) + 1
            before = bytes_read_by_thread()
            block, mask = reader.read(row, col, row_stop - row, col_stop - col)
            after = bytes_read_by_thread()
            if before is not None and after is not None:
                result.bytes_read = (result.bytes_read or 0) + after - before
            clock.ends("read")
            for own in window_runs:
                for some in own.batches(task.batch_tiles):
                    pixels = some.gather(block, row, col)
                    is_valid = None if mask is None else some.gather(mask, row, col)
                    found = values_of(task.layout, pixels, is_valid)
                    result.found += _findings(task, some, found)
                    _refuse_too_large(task, some, found.values)
                    _add_up(task, some, found.values, result)
                    clock.ends("add up")
                    _keep(task, some, found.values, file)
                    clock.ends("write")
    return result


def _windows(task: BandTask) -> Iterator[tuple[int, int, list[WindowRuns]]]:
    """Yield ``(col, col_stop, tiles)`` of the windows that hold tiles; no two share a block."""
    for col, col_stop in _column_ranges(task):
        window_runs = [
            WindowRuns.between_cols(country, col, col_stop) for country in task.countries
        ]
        yield col, col_stop, [own for own in window_runs if len(own.rows)]


def _column_ranges(task: BandTask) -> Iterator[tuple[int, int]]:
    """Yield first and last-but-one columns of the windows: neighbouring blocks that hold tiles."""
    n_cols, block_cols = task.layout.info.grid.n_cols, task.layout.block_cols
    first = np.concatenate([own.tiles.col_starts for own in task.countries])
    last = np.concatenate([own.tiles.col_starts + own.tiles.lengths - 1 for own in task.countries])
    edges = np.concatenate([first // block_cols, last // block_cols + 1])
    opened = np.bincount(edges, weights=np.repeat([1, -1], len(first)))
    blocks = np.flatnonzero(np.cumsum(opened) > 0)
    # A window ends where a block is left out, and when it is wide enough.
    most = max(1, task.layout.window_shape[1] // block_cols)
    for group in np.split(blocks, np.flatnonzero(np.diff(blocks) > 1) + 1):
        for at in range(0, len(group), most):
            some = group[at : at + most]
            yield int(some[0]) * block_cols, min((int(some[-1]) + 1) * block_cols, n_cols)


def _refuse_too_large(task: BandTask, window_runs: WindowRuns, values: NDArray[Any]) -> None:
    too_large = np.flatnonzero(values > MAX_PERSONS)
    if len(too_large) == 0:
        return
    row, col = window_runs.cell_of(int(too_large[0]))
    layout, value = task.layout, values[too_large[0]]
    raise InputError(
        "raster-value-too-large",
        f"{layout.info.name}: row {row + layout.info.first_row}, column {col} holds {value:g} persons; "
        f"{MAX_PERSONS:g} is the most a tile can have.",
        f"If it stands for no data, say so: gdal_edit.py -a_nodata {layout.nodata_digits(value)} in.tif",
    )


def _findings(task: BandTask, some: WindowRuns, values: Values) -> RasterFindings:
    """Return what is doubtful about the values of some tiles.

    Raises:
        InputError: ``raster-nodata-undeclared``.
    """
    row = col = None
    if len(values.at_limit):
        row, col = some.cell_of(int(values.at_limit[0]))
        refuse_limit(task.layout, row, col)
    persons, too_small = values.values, 0
    if persons.dtype.kind == "f":
        too_small = int(np.count_nonzero((persons > 0) & (persons < _HALF_A_MICRO_PERSON)))
    return RasterFindings(
        tiles=len(persons),
        missing=values.missing,
        negative=values.negative,
        lowest=values.lowest,
        positive=int(np.count_nonzero(persons)),
        too_small=too_small,
        at_limit=len(values.at_limit),
        limit_row=row,
        limit_col=col,
    )


def _add_up(
    task: BandTask, window_runs: WindowRuns, values: NDArray[Any], result: BandResult
) -> None:
    border, shares = window_runs.country.border, None
    if border is not None:
        here = border.gathered(window_runs.offsets, window_runs.lengths)
        shares = coverage_shares(here.to_dense(len(values)))
    for basis in task.bases:
        masses = population_masses(basis, values, shares)
        of = window_runs.country.country_iso, basis
        result.totals[of] += exact_sum(masses)
        result.samples[of].append(masses[::_SAMPLED].copy())
        if basis is Basis.POPULATION:
            at = int(np.argmax(masses))
            most = int(masses[at]), *window_runs.cell_of(at)
            result.largest[of[0]] = max(result.largest.get(of[0], most), most)


def _keep(task: BandTask, window_runs: WindowRuns, values: NDArray[Any], file: BinaryIO) -> None:
    """Write the values of some tiles into the scratch file."""
    country = window_runs.country
    before = task.scratch.first[country.country_iso] + country.first_rank
    for first, stop, offset in window_runs.stretches():
        os.pwrite(file.fileno(), values[first:stop].data, (before + offset) * values.itemsize)
