"""What reading a population raster finds that makes weights doubtful, and the warnings about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from closedworld.errors import InputError
from closedworld.execution.events import Warned
from closedworld.inputs.raster.pixels import PixelLayout
from closedworld.sanitize import number_of

_ONE_CELL_SHARE = 0.9
_ONE_CELL_TILES = 8
_TOO_SMALL_SHARE = 0.1
_WIDE_LIMIT = 2**31 - 1
_COUNTRIES_SHOWN = 10


@dataclass(slots=True)
class RasterFindings:
    """Tiles of all countries by what the raster holds there.

    Attributes:
        tiles: All tiles.
        missing: Without a value.
        negative: With a value below zero.
        lowest: The lowest of these; 0 without any.
        positive: With a value above zero.
        too_small: With a value above zero that is nearer to none than to a micro-person.
        at_limit: With the largest number of an integer type, which often stands for no data.
        limit_cell: The first of these, ``(row, col)``; None without any.
        one_cell: ``(country, row, col, share)`` of tiles with nearly all people of a country of many tiles.
    """

    tiles: int = 0
    missing: int = 0
    negative: int = 0
    lowest: float = 0.0
    positive: int = 0
    too_small: int = 0
    at_limit: int = 0
    limit_cell: tuple[int, int] | None = None
    one_cell: tuple[tuple[str, int, int, float], ...] = ()

    def add(self, other: RasterFindings) -> None:
        """Add what was found in other tiles."""
        for name in ("tiles", "missing", "negative", "positive", "too_small", "at_limit"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.lowest = min(self.lowest, other.lowest)
        cells = [one.limit_cell for one in (self, other) if one.limit_cell is not None]
        self.limit_cell = min(cells, default=None)

    def find_one_cells(
        self,
        largest: Mapping[str, tuple[int, int, int]],
        totals: Mapping[str, int],
        tile_counts: Mapping[str, int],
    ) -> None:
        """Find the countries of which one cell has nearly all people.

        Args:
            largest: ``(mass, row, col)`` of the largest mass of each country.
            totals: Sum of the masses of each country.
            tile_counts: Tiles of each country.
        """
        self.one_cell = tuple(
            (iso, row, col, round(mass / totals[iso], 4))
            for iso, (mass, row, col) in sorted(largest.items())
            if tile_counts[iso] >= _ONE_CELL_TILES and mass >= _ONE_CELL_SHARE * totals[iso] > 0
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON holds them."""
        content = asdict(self)
        content["limit_cell"] = None if self.limit_cell is None else list(self.limit_cell)
        content["one_cell"] = [list(one) for one in self.one_cell]
        return content

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Return what ``to_dict`` gave.

        Raises:
            KeyError, TypeError: It is none.
        """
        given = {one.name: content[one.name] for one in fields(cls)}
        cell = given["limit_cell"]
        given["limit_cell"] = None if cell is None else tuple(cell)
        given["one_cell"] = tuple(tuple(one) for one in given["one_cell"])
        return cls(**given)

    def warnings(self, layout: PixelLayout) -> Iterator[Warned]:
        """Yield what a user should know of the raster."""
        path, of_tiles = layout.info.path, f"of {self.tiles:,} tiles"
        if self.negative:
            yield Warned(
                "raster-negative",
                f"{self.negative:,} {of_tiles} have a value below zero in {path}, down to "
                f"{self.lowest:g}, counted as 0. If it stands for no data, say so: gdal_edit.py "
                f"-a_nodata {self.lowest:g} in.tif",
            )
        if self.too_small > _TOO_SMALL_SHARE * self.positive:
            yield Warned(
                "raster-too-small",
                f"{self.too_small:,} of the {self.positive:,} tiles with a value above zero in {path} have "
                "one that rounds to 0 millionths of a person. If its values are shares or densities, "
                "multiply them: gdal_calc.py -A in.tif --calc 'A*1000000' --outfile out.tif",
            )
        if self.limit_cell is not None:
            row, col = self.limit_cell
            yield Warned(
                "raster-value-limit",
                f"{self.at_limit:,} {of_tiles} hold the largest number of {layout.info.dtype} in {path}, the "
                f"first in row {row + layout.info.first_row}, column {col}. If it stands for no data, say "
                f"so: gdal_edit.py -a_nodata {layout.limit} in.tif",
            )
        if self.one_cell:
            shown = ", ".join(
                f"{iso} ({share:.1%} in row {row + layout.info.first_row}, column {col})"
                for iso, row, col, share in self.one_cell[:_COUNTRIES_SHOWN]
            )
            many = number_of(len(self.one_cell), "country has", "countries have")
            yield Warned(
                "raster-one-cell",
                f"{many} nearly all people in one cell of {path}: {shown}. If the value stands for no "
                "data, say so: gdal_edit.py -a_nodata VALUE in.tif",
            )


def refuse_limit(layout: PixelLayout, row: int, col: int) -> None:
    """Raise when a cell holds the largest number of a type of 32 bits or more, which no count of people is.

    Args:
        layout: The raster.
        row: Row of the grid.
        col: Column.

    Raises:
        InputError: ``raster-nodata-undeclared``.
    """
    limit = layout.limit
    if limit is None or limit < _WIDE_LIMIT:
        return
    raise InputError(
        "raster-nodata-undeclared",
        f"{layout.info.path}: row {row + layout.info.first_row}, column {col} holds {limit}, the largest "
        f"number of {layout.info.dtype}, which stands for no data although the file does not say so.",
        f"Say so: gdal_edit.py -a_nodata {limit} in.tif",
    )
