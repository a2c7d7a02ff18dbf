"""Memory as arithmetic: what a worker of each stage takes, and how many of them a limit lets in.

The figures of the libraries were measured and are checked by a test (docs/decisions/0017-executors.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from closedworld.errors import ConfigError
from closedworld.execution import usable_cores
from closedworld.kernels.sizes import DEFAULT_SIZES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from closedworld.inputs.raster import PixelLayout

MEBIBYTE = 1 << 20

TILE_BYTES = 36
"""Of a tile while its row group is encoded, where columns come too seldom for a dictionary or with coverage: the place
of its raster column 8, a real 8, its bytes as streams 8, compressed at most 8, once more for coverage 4. Most countries
take half of it. Arrays of the runs come on top: where every run is of one tile, 84 to 150 bytes in all were measured."""

WEIGHT_BYTES = 24
"""Of a tile while its weight is written: the weight 8, its bytes as streams 8, compressed at most 8."""

BATCH_BYTES = 96
"""Of a tile that is weighed: a dozen arrays of 8 bytes on the way from its mass to its weight."""

RASTER_CACHE_BYTES = 64 * MEBIBYTE
"""GDAL's block cache, once for all threads of a process."""

PROCESS_BYTES = 170 * MEBIBYTE
"""Interpreter and libraries of a worker process, measured."""

PICTURE_BYTES = 160 * MEBIBYTE
"""The map, which one of the workers draws while the others write: 45 bytes for each of at most 2,280 x 1,642 px, measured;
two thirds of it for the flat shape of the globe."""


@dataclass(frozen=True, slots=True)
class StageMemory:
    """What a stage takes beside what the run holds anyway.

    Attributes:
        shared: Bytes once for each process that works.
        per_worker: Bytes of each worker.
        beside: Bytes of a task of another kind that one of the workers does meanwhile.
    """

    shared: int
    per_worker: int
    beside: int = 0

    def total(self, held: int, workers: int, *, in_processes: bool) -> int:
        """Return the peak of all processes together, bytes.

        Args:
            held: What this process holds before the stage.
            workers: Units done at once.
            in_processes: Whether each worker is a process of its own.
        """
        working = workers * self.per_worker + max(0, self.beside - self.per_worker)
        if in_processes:
            return held + workers * (PROCESS_BYTES + self.shared) + working
        return held + self.shared + working

    def workers_within(self, limit: int, held: int, workers: int, *, in_processes: bool) -> int:
        """Return how many workers, up to a number, keep a limit.

        Raises:
            ConfigError: ``memory-limit``, when a single one does not.
        """
        for count in range(workers, 0, -1):
            if self.total(held, count, in_processes=in_processes) <= limit:
                return count
        needed = self.total(held, 1, in_processes=in_processes)
        raise ConfigError(
            "memory-limit",
            f"one worker needs {needed / MEBIBYTE:,.0f} MiB, and the limit is "
            f"{limit / MEBIBYTE:,.0f} MiB.",
            "Give it more, or build fewer countries or a coarser grid.",
        )


def memory_of_tiles(tile_counts: Iterable[int]) -> StageMemory:
    """Return what S1 takes, given the tiles of each country."""
    tiles = _largest_row_group(tile_counts)
    return StageMemory(0, tiles * TILE_BYTES, PICTURE_BYTES)


def memory_of_weights(tile_counts: Iterable[int], layout: PixelLayout | None) -> StageMemory:
    """Return what S2 takes; ``layout`` is that of the population raster, if its values are wanted."""
    tiles = _largest_row_group(tile_counts)
    batch = min(DEFAULT_SIZES.batch_tiles, tiles) * BATCH_BYTES
    writing = tiles * WEIGHT_BYTES + batch
    if layout is None:
        return StageMemory(0, writing)
    rows, cols = layout.window_shape
    reading = rows * cols * (np.dtype(layout.info.dtype).itemsize + layout.has_mask) + batch
    return StageMemory(RASTER_CACHE_BYTES, max(writing, reading))


def capped(
    stage: StageMemory, workers: int | None, limit: int | None, held: int, *, in_processes: bool
) -> int | None:
    """Return how many workers a stage gets: as many as asked for that a limit lets in.

    Args:
        stage: What the stage takes.
        workers: As many as asked for; None for one per core.
        limit: Most bytes of all processes together; None for no limit.
        held: What this process holds before the stage, bytes.
        in_processes: Whether each worker is a process of its own.

    Raises:
        ConfigError: ``memory-limit``.
    """
    if limit is None:
        return workers
    return stage.workers_within(limit, held, workers or usable_cores(), in_processes=in_processes)


def _largest_row_group(tile_counts: Iterable[int]) -> int:
    """Return the tiles of the largest row group."""
    return min(DEFAULT_SIZES.row_group_tiles, max(tile_counts, default=0))
