"""Bands: the tiles of all countries between two raster rows, as units of reading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from closedworld.weights import full_shares

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from closedworld.grid import PixelLayout
    from closedworld.spans import RowSpans
    from closedworld.weights import Basis


@dataclass(frozen=True, slots=True)
class TileValues:
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
    def planned(cls, path: Path, layout: PixelLayout, spans: Mapping[str, RowSpans]) -> TileValues:
        """Return the place for the values of some countries."""
        first, before = {}, 0
        for iso, own in spans.items():
            first[iso] = before
            before += own.tile_count
        return cls(path, layout.value_dtype, first)

    def read(self, country_iso: str, first_rank: int, stop_rank: int) -> NDArray[Any]:
        """Return the values of a range of a country's tiles, (tiles,)."""
        place = (self.first[country_iso] + first_rank) * self.dtype.itemsize
        return np.fromfile(self.path, self.dtype, stop_rank - first_rank, offset=place)


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """The tiles of one country in a band of rows.

    Attributes:
        country_iso: Its code.
        first_rank: Rank of the first of them.
        tiles: How many.
        border: Which of them are not all inside, int64 (n,), from 0; None without coverage.
        shares: Coverage of these in units of 2^-30, int64 (n,); None without coverage.
    """

    country_iso: str
    first_rank: int
    tiles: int
    border: NDArray[np.int64] | None
    shares: NDArray[np.int64] | None

    def shares_between(self, first: int, stop: int) -> NDArray[np.int64] | None:
        """Return the coverage of every tile of a range, counted from the first tile."""
        if self.border is None or self.shares is None:
            return None
        here = slice(*np.searchsorted(self.border, (first, stop)))
        return full_shares(stop - first, self.border[here] - first, self.shares[here])


@dataclass(frozen=True, slots=True, eq=False)
class BandTask:
    """The tiles of all countries in a band of raster rows; plain inputs of a unit of work.

    Attributes:
        layout: The raster.
        row_start: First row.
        row_stop: Row after the last.
        runs: ``(rows, col_starts, col_stops)`` of the tiles, int64, by segment and row.
        segments: Whose they are, in order.
        bases: Bases whose masses are to be added up.
        values: Where the values go.
    """

    layout: PixelLayout
    row_start: int
    row_stop: int
    runs: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
    segments: tuple[Segment, ...]
    bases: tuple[Basis, ...]
    values: TileValues

    @property
    def tiles(self) -> int:
        """Tiles of all countries in the band."""
        return sum(segment.tiles for segment in self.segments)

    @property
    def country_iso(self) -> str:
        """Nobody's: a band holds several countries."""
        return ""

    def __str__(self) -> str:
        return f"raster rows {self.row_start} to {self.row_stop - 1}"


def plan_bands(
    layout: PixelLayout,
    spans: Mapping[str, RowSpans],
    bases: Sequence[Basis],
    border_shares: Mapping[str, tuple[NDArray[np.int64], NDArray[np.int64]]] | None,
    values: TileValues,
) -> list[BandTask]:
    """Return the bands that hold any tile, from north to south.

    Args:
        layout: The raster.
        spans: Tiles by country code.
        bases: Bases whose masses are to be added up.
        border_shares: Ranks of the tiles that are not all inside, and their coverage in units of
            2^-30, both int64 (n,), by country code; None to leave coverage out.
        values: Where the values go.
    """
    height, n_rows = layout.window_shape[0], layout.info.grid.n_rows
    row_starts = np.arange(0, n_rows + height, height)
    pieces: dict[int, list[tuple[Segment, RowSpans, slice]]] = {}
    for iso, own in spans.items():
        cuts = np.searchsorted(own.rows, row_starts)
        ranks = np.append(own.first_ranks, own.tile_count)[cuts]
        for band in np.flatnonzero(np.diff(cuts)).tolist():
            first, stop = int(ranks[band]), int(ranks[band + 1])
            border, shares = _between(border_shares, iso, first, stop)
            segment = Segment(iso, first, stop - first, border, shares)
            runs = slice(int(cuts[band]), int(cuts[band + 1]))
            pieces.setdefault(band, []).append((segment, own, runs))
    tasks = []
    for band, held in sorted(pieces.items()):
        rows, col_starts, col_stops = (
            np.concatenate([getattr(own, name)[runs] for _, own, runs in held])
            for name in ("rows", "col_starts", "col_stops")
        )
        tasks.append(
            BandTask(
                layout,
                band * height,
                min((band + 1) * height, n_rows),
                (rows, col_starts, col_stops),
                tuple(segment for segment, _, _ in held),
                tuple(bases),
                values,
            )
        )
    return tasks


def _between(
    border_shares: Mapping[str, tuple[NDArray[np.int64], NDArray[np.int64]]] | None,
    country_iso: str,
    first_rank: int,
    stop_rank: int,
) -> tuple[NDArray[np.int64] | None, NDArray[np.int64] | None]:
    """Return the border tiles of a range of ranks, counted from its first, and their shares."""
    if border_shares is None:
        return None, None
    ranks, shares = border_shares[country_iso]
    first, stop = np.searchsorted(ranks, (first_rank, stop_rank))
    return ranks[first:stop] - first_rank, shares[first:stop]
