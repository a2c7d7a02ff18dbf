"""Summaries of countries: what their weights were made from and how the units were allocated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class BasisSummary:
    """How one basis allocated its units in one country.

    ``units = floor_sum + remainder_units``.

    Attributes:
        basis: Its name.
        units: Units it allocates: the weights from it add up to them.
        mass_sum: Sum of the masses, in the basis's own unit: tiles, cm2, micro-persons, or 2^-30 tiles
            where tiles count by coverage.
        floor_sum: Units allocated by the integer quotients.
        remainder_units: Units allocated one by one, to the largest remainders.
        fallback: Whether all its masses were 0, so that its tiles got equal weights.
    """

    basis: str
    units: int
    mass_sum: int
    floor_sum: int
    remainder_units: int
    fallback: bool


@dataclass(frozen=True, slots=True)
class WeightSummary:
    """Counts of one country's weights.

    Attributes:
        country_iso: ISO 3166-1 alpha-2 code.
        tiles: Number of tiles.
        zero_tiles: Tiles of weight 0.
        zero_tiles_with_mass: Those of them with a mass above 0, which a larger dp could give a weight.
        bases: One entry per basis.
    """

    country_iso: str
    tiles: int
    zero_tiles: int
    zero_tiles_with_mass: int
    bases: tuple[BasisSummary, ...]

    @property
    def zero_share(self) -> float:
        """Share of the tiles that have weight 0, 0..1."""
        return self.zero_tiles / self.tiles

    @property
    def fallback(self) -> bool:
        """Whether a basis had no mass, so that its tiles got equal weights."""
        return any(basis.fallback for basis in self.bases)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name."""
        return {**asdict(self), "bases": [asdict(basis) for basis in self.bases]}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Return the summary of ``to_dict``.

        Raises:
            KeyError, TypeError: It is none.
        """
        bases = tuple(BasisSummary(**basis) for basis in content["bases"])
        return cls(**{**content, "bases": bases})
