"""What a population raster holds in the tiles that makes weights doubtful."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

_ONE_CELL_SHARE = 0.9
_ONE_CELL_TILES = 16

Largest = tuple[int, int, int]
"""``(mass, row, col)`` of the largest mass of a country."""


@dataclass(frozen=True, slots=True)
class HeavyCell:
    """A cell with nearly all people of a country of many tiles.

    Attributes:
        country_iso: ISO 3166-1 alpha-2 code.
        row: Row of the grid.
        col: Column of the grid.
        share: Its share of the country's people, 0..1.
    """

    country_iso: str
    row: int
    col: int
    share: float


@dataclass(frozen=True, slots=True)
class RasterFindings:
    """Tiles of all countries by what a raster holds there.

    Attributes:
        tiles: All tiles.
        missing: Without a value.
        negative: With a value below zero.
        lowest: The lowest of these; 0 without any.
        positive: With a value above zero.
        too_small: With a value above zero that is nearer to none than to a micro-person.
        at_limit: With the largest number of an integer type, which often stands for no data.
        limit_row: Row of the grid of the first of these; None without any.
        limit_col: Its column.
        heavy_cells: Cells with nearly all people of a country, by its code.
    """

    tiles: int = 0
    missing: int = 0
    negative: int = 0
    lowest: float = 0.0
    positive: int = 0
    too_small: int = 0
    at_limit: int = 0
    limit_row: int | None = None
    limit_col: int | None = None
    heavy_cells: tuple[HeavyCell, ...] = ()

    def __add__(self, other: RasterFindings) -> RasterFindings:
        """Return what is found in the tiles of both."""
        cells = [
            (one.limit_row, one.limit_col)
            for one in (self, other)
            if one.limit_row is not None and one.limit_col is not None
        ]
        row, col = min(cells) if cells else (None, None)
        return RasterFindings(
            tiles=self.tiles + other.tiles,
            missing=self.missing + other.missing,
            negative=self.negative + other.negative,
            lowest=min(self.lowest, other.lowest),
            positive=self.positive + other.positive,
            too_small=self.too_small + other.too_small,
            at_limit=self.at_limit + other.at_limit,
            limit_row=row,
            limit_col=col,
        )

    def with_heavy_cells(
        self,
        largest: Mapping[str, Largest],
        totals: Mapping[str, int],
        tile_counts: Mapping[str, int],
    ) -> RasterFindings:
        """Return the same with the cells that have nearly all people of a country.

        Args:
            largest: Largest mass of each country.
            totals: Sum of the masses of each country.
            tile_counts: Tiles of each country.
        """
        heavy = tuple(
            HeavyCell(iso, row, col, round(mass / totals[iso], 4))
            for iso, (mass, row, col) in sorted(largest.items())
            if tile_counts[iso] >= _ONE_CELL_TILES and mass >= _ONE_CELL_SHARE * totals[iso] > 0
        )
        return replace(self, heavy_cells=heavy)
