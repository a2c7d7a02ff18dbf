"""Bands: the tiles of all countries between two raster rows, as tasks of reading."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from closedworld.inputs.raster.pixels import PixelLayout
from closedworld.kernels.spans import Border, RowSpans
from closedworld.kernels.tiles import Tiles
from closedworld.kernels.weights import Basis


@dataclass(frozen=True, slots=True)
class ScratchValues:
    """The scratch file that holds the value of every tile.

    Attributes:
        path: The file.
        dtype: Type of a value.
        first: Tiles before the first of each country, by code.
    """

    path: Path
    dtype: np.dtype[Any]
    first: Mapping[str, int]

    @classmethod
    def planned(
        cls, path: Path, layout: PixelLayout, spans: Mapping[str, RowSpans]
    ) -> ScratchValues:
        """Return the file for the values of some countries."""
        stops = itertools.accumulate(own.tile_count for own in spans.values())
        first = {
            iso: stop - own.tile_count
            for (iso, own), stop in zip(spans.items(), stops, strict=True)
        }
        return cls(path, layout.value_dtype, first)

    def read(self, country_iso: str, first_rank: int, stop_rank: int) -> NDArray[Any]:
        """Return the values of a range of a country's tiles, (tiles,)."""
        start = (self.first[country_iso] + first_rank) * self.dtype.itemsize
        return np.fromfile(self.path, self.dtype, stop_rank - first_rank, offset=start)


@dataclass(frozen=True, slots=True, eq=False)
class CountryRuns:
    """The tiles of one country in a band of rows.

    Attributes:
        country_iso: Its code.
        first_rank: Rank of the first of them.
        tiles: The tiles, as runs.
        border: Which of them are not all inside; None without coverage.
    """

    country_iso: str
    first_rank: int
    tiles: Tiles
    border: Border | None


@dataclass(frozen=True, slots=True, eq=False)
class BandTask:
    """The tiles of all countries in a band of raster rows; can be sent to another process.

    Attributes:
        layout: The raster.
        row_start: First row.
        row_stop: Row after the last.
        countries: Tiles by country.
        bases: Bases whose masses are to be added up.
        scratch: Where the values go.
        batch_tiles: Values looked at together.
    """

    partition: ClassVar[None] = None

    layout: PixelLayout
    row_start: int
    row_stop: int
    countries: tuple[CountryRuns, ...]
    bases: tuple[Basis, ...]
    scratch: ScratchValues
    batch_tiles: int

    @property
    def cost(self) -> int:
        """Tiles of all countries in the band."""
        return sum(country.tiles.tile_count for country in self.countries)

    def __str__(self) -> str:
        return f"raster rows {self.row_start} to {self.row_stop - 1}"


@dataclass(frozen=True, slots=True, eq=False)
class WindowRuns:
    """Tiles of a country in a window: stretches of its runs, in order.

    Attributes:
        country: Whose they are.
        rows: Raster row of each stretch, int64 (n,).
        cols: First column, int64 (n,).
        lengths: Tiles, int64 (n,).
        offsets: Tiles of the country in the band before the first of each stretch, int64 (n,), ascending.
    """

    country: CountryRuns
    rows: NDArray[np.int64]
    cols: NDArray[np.int64]
    lengths: NDArray[np.int64]
    offsets: NDArray[np.int64]

    @classmethod
    def between_cols(cls, country: CountryRuns, first_col: int, stop_col: int) -> WindowRuns:
        """Return the tiles of a country in some columns."""
        tiles = country.tiles
        starts = np.maximum(tiles.col_starts, first_col)
        lengths = np.minimum(tiles.col_starts + tiles.lengths, stop_col) - starts
        held = np.flatnonzero(lengths > 0)
        offsets: NDArray[np.int64] = np.cumsum(tiles.lengths) - tiles.lengths
        offsets += starts - tiles.col_starts
        return cls(country, tiles.rows[held], starts[held], lengths[held], offsets[held])

    @property
    def tile_count(self) -> int:
        """Number of tiles."""
        return int(self.lengths.sum())

    def batches(self, tiles: int) -> Iterator[WindowRuns]:
        """Yield the runs, about so many tiles at a time."""
        before = np.cumsum(self.lengths) - self.lengths
        _, cuts = np.unique(before // tiles, return_index=True)
        for first, stop in itertools.pairwise([*cuts.tolist(), len(before)]):
            here = slice(first, stop)
            yield WindowRuns(
                self.country,
                self.rows[here],
                self.cols[here],
                self.lengths[here],
                self.offsets[here],
            )

    def gather(self, block: NDArray[Any], first_row: int, first_col: int) -> NDArray[Any]:
        """Return the pixels of the tiles, in order, from a window that begins at a row and column."""
        begins = (self.rows - first_row) * block.shape[1] + self.cols - first_col
        flat = block.ravel()
        # A slice for each stretch: half the time of gathering by an array of indices.
        return np.concatenate(
            [
                flat[begin : begin + length]
                for begin, length in zip(begins.tolist(), self.lengths.tolist(), strict=True)
            ]
        )

    def cell_of(self, tile: int) -> tuple[int, int]:
        """Return ``(row, col)`` of one of the tiles, counted from 0."""
        ends = np.cumsum(self.lengths)
        at = int(np.searchsorted(ends, tile, side="right"))
        return int(self.rows[at]), int(self.cols[at] + self.lengths[at] - (ends[at] - tile))

    def stretches(self) -> Iterator[tuple[int, int, int]]:
        """Yield ``(first, stop, offset)``: tiles of the runs that stand together in the country.

        ``first`` and ``stop`` count the tiles of the runs, ``offset`` those of the country.
        """
        begins = np.append(True, self.offsets[1:] != self.offsets[:-1] + self.lengths[:-1])
        before = np.cumsum(self.lengths) - self.lengths
        firsts = before[begins]
        stops = np.append(firsts[1:], self.tile_count)
        yield from zip(firsts.tolist(), stops.tolist(), self.offsets[begins].tolist(), strict=True)


def plan_bands(
    layout: PixelLayout,
    spans: Mapping[str, RowSpans],
    bases: Sequence[Basis],
    borders: Mapping[str, Border] | None,
    scratch: ScratchValues,
    batch_tiles: int,
) -> list[BandTask]:
    """Return the bands that hold any tile, from north to south.

    Args:
        layout: The raster.
        spans: Tiles by country code.
        bases: Bases whose masses are to be added up.
        borders: The tiles that are not all inside, by country code; None to leave coverage out.
        scratch: Where the values go.
        batch_tiles: Values looked at together.
    """
    height, n_rows = layout.window_shape[0], layout.info.grid.n_rows
    row_starts = np.arange(0, n_rows + height, height)
    held: dict[int, list[CountryRuns]] = {}
    for iso, own in spans.items():
        cuts = np.searchsorted(own.rows, row_starts)
        ranks = np.append(own.first_ranks, own.tile_count)[cuts].tolist()
        border = None if borders is None else borders[iso]
        for band in np.flatnonzero(np.diff(cuts)).tolist():
            runs = slice(int(cuts[band]), int(cuts[band + 1]))
            country = CountryRuns(
                iso,
                ranks[band],
                Tiles(
                    own.grid,
                    own.rows[runs],
                    own.col_starts[runs],
                    own.col_stops[runs] - own.col_starts[runs],
                ),
                None if border is None else border.between(ranks[band], ranks[band + 1]),
            )
            held.setdefault(band, []).append(country)
    return [
        BandTask(
            layout,
            band * height,
            min((band + 1) * height, n_rows),
            tuple(countries),
            tuple(bases),
            scratch,
            batch_tiles,
        )
        for band, countries in sorted(held.items())
    ]
