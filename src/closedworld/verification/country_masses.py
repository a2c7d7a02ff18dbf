"""Masses of a country's tiles by the law, worked out apart from what made the weights."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from closedworld.verification.country_files import CountryFiles
from closedworld.verification.grid_columns import BorderTiles
from closedworld.verification.population_raster import PopulationRaster, SeveralRasters
from closedworld.verification.row_checks import column

BASES = ("uniform", "area_m2", "population", "populated")
OF_PEOPLE = ("population", "populated")

FULL = 1 << 30
"""Coverage of a tile that lies wholly in its country."""

KEPT_TILES = 1 << 20
"""Countries of so many tiles are read once and kept; larger ones are read again for each question."""

_MIXED = re.compile(r"([a-z_0-9]+):(\d+)")
_INT64_END = 1 << 63
_MAX_DP = 18

Chunk = tuple["NDArray[np.uint64]", "NDArray[np.uint64]", list["NDArray[np.int64]"]]
"""Ids, weights, and the masses of each basis asked for; all (n,)."""


def bases_of(text: str) -> dict[str, int]:
    """Return the bases of a canonical text with their ratio, in order.

    Raises:
        ValueError: When the text is not canonical.
    """
    if text in BASES:
        return {text: 1}
    parts = [_MIXED.fullmatch(word) for word in text.split(",")]
    shares = [(part[1], int(part[2])) for part in parts if part is not None]
    ordered = sorted(shares, key=lambda share: (-share[1], share[0]))
    known = {name for name, share in shares if name in BASES and share > 0}
    is_canonical = (
        len(known) == len(parts) > 1
        and shares == ordered
        and math.gcd(*(share for _, share in shares)) == 1
    )
    if not is_canonical:
        raise ValueError(f"{text!r} is not a basis or a mixture in canonical form")
    return dict(shares)


def split_units(bases: dict[str, int], dp: int) -> dict[str, int]:
    """Return the quanta of each basis: ``10**dp`` by their ratio, by largest remainders.

    Raises:
        ValueError: ``dp`` is out of range.
    """
    if not 0 <= dp <= _MAX_DP:
        raise ValueError(f"dp is {dp}; it must be 0 to {_MAX_DP}")
    ratio_sum, units = sum(bases.values()), 10**dp
    split = {name: units * share // ratio_sum for name, share in bases.items()}
    by_remainder = sorted(bases, key=lambda name: -(units * bases[name] % ratio_sum))
    for name in by_remainder[: units - sum(split.values())]:
        split[name] += 1
    return split


@dataclass(slots=True, eq=False)
class IntegerCoverage:
    """Coverage of the tiles that are not wholly inside, as integers.

    Attributes:
        tile_ids: Ascending, uint64 (n,).
        shares: In 2^-30, int64 (n,).
    """

    tile_ids: NDArray[np.uint64]
    shares: NDArray[np.int64]

    @classmethod
    def of(cls, borders: BorderTiles) -> IntegerCoverage:
        """Return coverage rounded half to even, from 1 to 2^30; of a tile listed twice the first."""
        tile_ids, first = np.unique(borders.tile_ids, return_index=True)
        shares = np.nan_to_num(np.rint(borders.coverage[first] * FULL))
        return cls(tile_ids, np.clip(shares, 1, FULL).astype(np.int64))

    def within(self, tile_ids: NDArray[np.uint64]) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        """Return ``(positions, shares)`` of those that are among some ascending tiles."""
        first = int(np.searchsorted(self.tile_ids, tile_ids[0]))
        stop = int(np.searchsorted(self.tile_ids, tile_ids[-1], side="right"))
        return np.searchsorted(tile_ids, self.tile_ids[first:stop]), self.shares[first:stop]


@dataclass(slots=True, eq=False)
class CountryMasses:
    """Tiles, weights and masses of one country, chunk by chunk.

    Attributes:
        files: Files of tile_weights.
        tiles: Tiles in them.
        n_cols: Columns of the grid.
        areas_cm2: Area of a tile of each row, int64 (n_rows,).
        population: The raster; None when no basis needs it.
        coverage: Coverage; None to leave it out.
    """

    files: CountryFiles
    tiles: int
    n_cols: int
    areas_cm2: NDArray[np.int64]
    population: PopulationRaster | SeveralRasters | None
    coverage: IntegerCoverage | None
    _kept: tuple[tuple[str, ...], list[Chunk]] | None = None

    def chunks(self, bases: Sequence[str]) -> Iterable[Chunk]:
        """Return the tiles in order, each chunk with the masses of the bases."""
        if self.tiles > KEPT_TILES:
            return self._read(bases)
        if self._kept is None or self._kept[0] != tuple(bases):
            self._kept = tuple(bases), list(self._read(bases))
        return self._kept[1]

    def _read(self, bases: Sequence[str]) -> Iterator[Chunk]:
        for batch in self.files.batches(["tile_id", "weight_fp"]):
            if batch.num_rows:
                tile_ids = column(batch, "tile_id")
                yield tile_ids, column(batch, "weight_fp"), self._masses(tile_ids, bases)

    def _masses(
        self, tile_ids: NDArray[np.uint64], bases: Sequence[str]
    ) -> list[NDArray[np.int64]]:
        ids = tile_ids.view(np.int64)
        rows = ids // self.n_cols
        people = None
        if self.population is not None and any(basis in OF_PEOPLE for basis in bases):
            people = self.population.micro_persons(rows, ids - rows * self.n_cols)
        return [
            self._covered(tile_ids, basis, self._uncovered(basis, rows, people)) for basis in bases
        ]

    def _uncovered(
        self, basis: str, rows: NDArray[np.int64], people: NDArray[np.int64] | None
    ) -> NDArray[np.int64]:
        if basis == "area_m2":
            return self.areas_cm2[rows]
        if basis == "uniform":
            return np.ones(len(rows), np.int64)
        if people is None:
            raise ValueError(f"{basis} needs a raster")
        return people if basis == "population" else (people > 0).astype(np.int64)

    def _covered(
        self, tile_ids: NDArray[np.uint64], basis: str, masses: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        if self.coverage is None:
            return masses
        at, shares = self.coverage.within(tile_ids)
        if basis in {"uniform", "populated"}:
            covered = masses * FULL
            covered[at] = masses[at] * shares
            return covered
        covered = masses.copy()
        pairs = zip(masses[at].tolist(), shares.tolist(), strict=True)
        covered[at] = [half_to_even(mass * share, FULL) for mass, share in pairs]
        return covered


def half_to_even(number: int, by: int) -> int:
    """Return ``number / by`` rounded half to even."""
    quotient, rest = divmod(number, by)
    return quotient + (2 * rest > by or (2 * rest == by and quotient % 2 == 1))


def exact_sum(numbers: NDArray[np.integer]) -> int:
    """Return the sum of numbers >= 0, however large."""
    if len(numbers) and int(numbers.max()) * len(numbers) >= _INT64_END:
        return sum(numbers.tolist())
    return int(numbers.sum())
