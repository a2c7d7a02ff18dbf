"""Summaries of countries: what their weights were made from and how the units were allocated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import pyarrow as pa

from closedworld.kernels.typed_json import to_json
from closedworld.kernels.weights.basis import Basis
from closedworld.kernels.weights.masses import MICRO


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


_BASIS_COLUMNS = {
    "basis": pa.string(),
    "units": pa.int64(),
    # A sum of masses may be beyond 64 bits.
    "mass_sum": pa.decimal128(38, 0),
    "floor_sum": pa.int64(),
    "remainder_units": pa.int64(),
    "fallback": pa.bool_(),
}


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

    ARROW_SCHEMA: ClassVar[pa.Schema] = pa.schema(
        {"country_iso": pa.string()}
        | dict.fromkeys(("tiles", "zero_tiles", "zero_tiles_with_mass"), pa.int64())
        | dict.fromkeys(("zero_share", "persons"), pa.float64())
        | {"fallback": pa.bool_(), "bases": pa.list_(pa.struct(_BASIS_COLUMNS))}
    )

    @property
    def persons(self) -> float | None:
        """People of the country, rounded once; None when no basis counts them.

        With weights by coverage, a border tile gives its people by the share that lies in the country.
        """
        masses = (one.mass_sum for one in self.bases if one.basis == Basis.POPULATION.value)
        mass = next(masses, None)
        return None if mass is None else mass / MICRO

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
        content: dict[str, Any] = to_json(self)
        return content
