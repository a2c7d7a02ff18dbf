"""Masses of a country's tiles by the law, made apart from what made the weights."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from closedworld.verification.rows import column

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from closedworld.verification.files import Parts
    from closedworld.verification.findings import Account
    from closedworld.verification.population import Population

BASES = ("uniform", "area_m2", "population", "populated")
OF_PEOPLE = ("population", "populated")

FULL = 1 << 30
"""Coverage of a tile that lies wholly in its country."""

KEPT_TILES = 1 << 20
"""Countries of so many tiles are read once and kept; larger ones are read again for each question."""

_PART = re.compile(r"([a-z_0-9]+):(\d+)")
_INT64_END = 1 << 63

Chunk = tuple["NDArray[np.uint64]", "NDArray[np.uint64]", list["NDArray[np.int64]"]]
"""Ids, weights, and the masses of each basis asked for; all (n,)."""


def bases_of(text: str) -> dict[str, int]:
    """Return the bases of a canonical text with their ratio, in order.

    Raises:
        ValueError: When the text is not canonical.
    """
    if text in BASES:
        return {text: 1}
    parts = [_PART.fullmatch(word) for word in text.split(",")]
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
    """Return the units of each basis: ``10**dp`` by their ratio, by largest remainders."""
    whole, units = sum(bases.values()), 10**dp
    split = {name: units * share // whole for name, share in bases.items()}
    by_remainder = sorted(bases, key=lambda name: -(units * bases[name] % whole))
    for name in by_remainder[: units - sum(split.values())]:
        split[name] += 1
    return split


@dataclass(slots=True, eq=False)
class Shares:
    """Coverage of the tiles that are not wholly inside.

    Attributes:
        tile_ids: Ascending, uint64 (n,).
        shares: Units of 2^-30, int64 (n,).
    """

    tile_ids: NDArray[np.uint64]
    shares: NDArray[np.int64]

    @classmethod
    def of(cls, tile_ids: NDArray[np.uint64], coverage: NDArray[np.float64]) -> Shares:
        """Return coverage in whole units, rounded half to even."""
        return cls(tile_ids, np.maximum(np.rint(coverage * FULL), 1).astype(np.int64))

    def within(self, tile_ids: NDArray[np.uint64]) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        """Return ``(positions, shares)`` of those that are among some ascending tiles."""
        first = int(np.searchsorted(self.tile_ids, tile_ids[0]))
        stop = int(np.searchsorted(self.tile_ids, tile_ids[-1], side="right"))
        return np.searchsorted(tile_ids, self.tile_ids[first:stop]), self.shares[first:stop]


@dataclass(slots=True, eq=False)
class CountryMasses:
    """Gives the tiles of a country with their weights and masses, as often as asked.

    Attributes:
        parts: Files of tile_weights; whole, with exactly the tiles of the index, in order.
        tiles: How many.
        n_cols: Columns of the grid.
        areas_cm2: Area of a tile of each raster row, int64 (n_rows,).
        population: The raster; None when no basis needs it.
        shares: Coverage; None to leave it out.
        account: Where findings over damage go.
    """

    parts: Parts
    tiles: int
    n_cols: int
    areas_cm2: NDArray[np.int64]
    population: Population | None
    shares: Shares | None
    account: Account
    _kept: tuple[tuple[str, ...], list[Chunk]] | None = None

    def chunks(self, bases: Sequence[str]) -> Iterable[Chunk]:
        """Return the tiles in order, each chunk with the masses of the bases."""
        if self.tiles > KEPT_TILES:
            return self._read(bases)
        if self._kept is None or self._kept[0] != tuple(bases):
            self._kept = tuple(bases), list(self._read(bases))
        return self._kept[1]

    def _read(self, bases: Sequence[str]) -> Iterator[Chunk]:
        for batch in self.parts.batches(self.account, ["tile_id", "weight_fp"]):
            if batch.num_rows:
                tile_ids = column(batch, "tile_id")
                yield tile_ids, column(batch, "weight_fp"), self._masses(tile_ids, bases)

    def _masses(
        self, tile_ids: NDArray[np.uint64], bases: Sequence[str]
    ) -> list[NDArray[np.int64]]:
        """Return the masses of tiles, for each basis."""
        ids = tile_ids.view(np.int64)
        rows = ids // self.n_cols
        people = None
        if self.population is not None and any(basis in OF_PEOPLE for basis in bases):
            people = self.population.micro_persons(rows, ids - rows * self.n_cols)
        return [self._covered(tile_ids, basis, self._whole(basis, rows, people)) for basis in bases]

    def _whole(
        self, basis: str, rows: NDArray[np.int64], people: NDArray[np.int64] | None
    ) -> NDArray[np.int64]:
        """Return the masses of a basis, coverage left out."""
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
        """Return masses with coverage counted in."""
        if self.shares is None:
            return masses
        places, shares = self.shares.within(tile_ids)
        if basis in {"uniform", "populated"}:
            covered = masses * FULL
            covered[places] = masses[places] * shares
            return covered
        covered = masses.copy()
        pairs = zip(masses[places].tolist(), shares.tolist(), strict=True)
        covered[places] = [half_to_even(mass * share, FULL) for mass, share in pairs]
        return covered


def half_to_even(number: int, by: int) -> int:
    """Return ``number / by`` rounded half to even."""
    quotient, rest = divmod(number, by)
    return quotient + (2 * rest > by or (2 * rest == by and quotient % 2 == 1))


def whole_sum(numbers: NDArray[np.integer]) -> int:
    """Return the sum of numbers >= 0, however large."""
    if len(numbers) and int(numbers.max()) * len(numbers) >= _INT64_END:
        return sum(numbers.tolist())
    return int(numbers.sum())
