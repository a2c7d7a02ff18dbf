"""What receipts state of a result: parameters, which decide its content, and totals; by name and type.

The ``parameter_hash`` of a result is the SHA-256 of its parameters' ``to_dict`` in canonical JSON
(docs/decisions/0006-identity.md).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

from closedworld.datasets.cards import CARDS, CardSummary
from closedworld.datasets.dataset import Dataset
from closedworld.datasets.purchases import PURCHASES, STAYS, TRUTH, DaySummary
from closedworld.datasets.sites import SITES, OwnColumn, SiteSummary, merchants_with
from closedworld.datasets.tiles import (
    TILE_BOUNDS,
    TILE_COVERAGE,
    TILE_INDEX,
    TILE_INDEX_WITH_COVERAGE,
    TILE_SPANS,
)
from closedworld.datasets.weights import SPAN_WEIGHTS, TILE_WEIGHTS
from closedworld.kernels.fraud_mix import FraudMix
from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import Fill, Rule
from closedworld.kernels.typed_json import from_json, to_json
from closedworld.kernels.weights import RasterFindings, WeightSummary


@dataclass(frozen=True, slots=True)
class Stated:
    """What a receipt states."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as the receipt holds it."""
        content: dict[str, Any] = to_json(self)
        return content

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Return what a receipt holds.

        Raises:
            ValueError: It is something else; the message names the first field that is wrong.
        """
        return from_json(cls, content)


@dataclass(frozen=True, slots=True)
class Parameters(Stated, ABC):
    """What decides the content of a stage's result.

    Attributes:
        stage: Name of the stage.
        format: Format of the files: raised when the same other parameters would give other content or
            other files.
    """

    stage: ClassVar[str]

    format: int

    def to_dict(self) -> dict[str, Any]:
        """Return the parameters as the receipt holds them.

        A field with a default is named only where it differs: the hash of a result without it stays what it was.
        """
        named = {one.name for one in fields(self) if getattr(self, one.name) != one.default}
        content = super(Parameters, self).to_dict().items()
        return {"stage": self.stage, **{name: own for name, own in content if name in named}}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Return the parameters that a receipt holds.

        Raises:
            ValueError: They are not those of this stage; the message names the first that is wrong.
        """
        if content.get("stage") != cls.stage:
            raise ValueError(f"stage is {content.get('stage')!r}, not {cls.stage!r}")
        return super(Parameters, cls).from_dict(content)

    @property
    @abstractmethod
    def datasets(self) -> tuple[Dataset, ...]:
        """The datasets of the result, with the columns that they have in it."""


@dataclass(frozen=True, slots=True)
class TileParameters(Parameters):
    """What decides the content of a tile index.

    Attributes:
        grid: The lattice.
        rule: Inclusion rule.
        keep_small_countries: Whether a country without tiles got the one of its representative point.
        countries: Alpha-2 codes, ascending.
        polygons_sha256: Digest of the polygons' normalized coordinates, lower-case hex.
        coverage: Whether the index has the share of each tile that lies in its country.
        fill: What invalid polygons enclose; None when all are valid.
        regions: ``iso`` when codes are those of ISO 3166-1, else ``any``.
    """

    stage: ClassVar[str] = "tiles"

    grid: Grid
    rule: Rule
    keep_small_countries: bool
    countries: tuple[str, ...]
    polygons_sha256: str
    coverage: bool = False
    fill: Fill | None = None
    regions: str = "iso"

    @property
    def own_codes(self) -> tuple[str, ...] | None:
        """The codes of regions that are not countries; None when codes are those of ISO 3166-1."""
        return None if self.regions == "iso" else self.countries

    @property
    def datasets(self) -> tuple[Dataset, ...]:
        """The datasets of the result, with the columns that they have in it."""
        if self.coverage:
            return (TILE_INDEX_WITH_COVERAGE, TILE_BOUNDS, TILE_SPANS, TILE_COVERAGE)
        return (TILE_INDEX, TILE_BOUNDS, TILE_SPANS)


@dataclass(frozen=True, slots=True)
class WeightParameters(Parameters):
    """What decides the content of tile weights.

    Attributes:
        tiles_parameter_hash: Which tile index they are for.
        basis: What they are made from, such as ``population`` or ``population:9,area_m2:1``.
        dp: Decimal places: the weights of a country add up to ``10**dp``.
        weigh_by_coverage: Whether masses were multiplied by coverage.
        raster_sha256: Digest of the population raster, lower-case hex; None when no basis needs it.
        raster_band: Band of the raster that was read.
    """

    stage: ClassVar[str] = "weights"
    datasets: ClassVar[tuple[Dataset, ...]] = (TILE_WEIGHTS, SPAN_WEIGHTS)

    tiles_parameter_hash: str
    basis: str
    dp: int
    weigh_by_coverage: bool
    raster_sha256: str | None
    raster_band: int = 1


@dataclass(frozen=True, slots=True)
class SiteParameters(Parameters):
    """What decides the content of sites.

    Attributes:
        weights_parameter_hash: Which weights the sites are placed by.
        seed: Determines where they lie.
        countries: Alpha-2 codes of the merchants' countries, ascending.
        merchants_sha256: Digest of the merchants, their kinds filled in: that of the values of ``merchants``.
        own_columns: The user's own columns of merchants, in their order.
        places_sha256: Digest of the table of places, lower-case hex.
        time_zones: Versions of what time zones come from, by name.
    """

    stage: ClassVar[str] = "sites"

    weights_parameter_hash: str
    seed: int
    countries: tuple[str, ...]
    merchants_sha256: str
    own_columns: tuple[OwnColumn, ...]
    places_sha256: str
    time_zones: dict[str, str]

    @property
    def datasets(self) -> tuple[Dataset, ...]:
        """The datasets of the result, merchants with the user's own columns."""
        return (SITES, merchants_with(self.own_columns))


@dataclass(frozen=True, slots=True)
class PeopleParameters(Parameters):
    """What decides the content of cards.

    Attributes:
        sites_parameter_hash: Which sites people work at, and so which weights they live by.
        seed: Determines where they live and work.
        countries: Alpha-2 codes of the cards' countries, ascending.
        cards_sha256: Digest of the cards asked for: country, card, holder, town and division of each.
        places_sha256: Digest of the table of places, lower-case hex.
        time_zones: Versions of what time zones come from, by name.
    """

    stage: ClassVar[str] = "people"
    datasets: ClassVar[tuple[Dataset, ...]] = (CARDS,)

    sites_parameter_hash: str
    seed: int
    countries: tuple[str, ...]
    cards_sha256: str
    places_sha256: str
    time_zones: dict[str, str]


@dataclass(frozen=True, slots=True)
class PurchaseParameters(Parameters):
    """What decides the content of purchases.

    Attributes:
        people_parameter_hash: Whose purchases, and so at which sites.
        seed: Determines what people buy, and what thieves do.
        first_day: First day in UTC, such as ``2026-01-01``.
        days: How many.
        rates: What was asked for of categories: ``<category>.per_week``, ``<category>.median``.
        fraud: How much fraud of which kind.
        noise: How often honest purchases look impossible; 1 is usual.
        currencies_sha256: Digest of the table of currencies, lower-case hex.
        clocks: Versions of what clocks come from, by name.
    """

    stage: ClassVar[str] = "purchases"
    datasets: ClassVar[tuple[Dataset, ...]] = (PURCHASES, STAYS, TRUTH)

    people_parameter_hash: str
    seed: int
    first_day: str
    days: int
    rates: dict[str, float]
    fraud: FraudMix
    noise: float
    currencies_sha256: str
    clocks: dict[str, str]


PARAMETERS: dict[str, type[Parameters]] = {
    kind.stage: kind
    for kind in (
        TileParameters,
        WeightParameters,
        SiteParameters,
        PeopleParameters,
        PurchaseParameters,
    )
}
"""Parameters of every stage, by its name."""


@dataclass(frozen=True, slots=True)
class TileTotals(Stated):
    """Figures of a tile index.

    Attributes:
        countries: Countries asked for.
        countries_without_tiles: Codes of those that have none, in the order of the countries.
        countries_off_grid: Those of them that the grid does not meet, ascending.
        countries_kept_small: Codes of those that got the tile of their representative point, ascending.
        tiles: Tiles of all countries, one in two countries counted twice.
        runs: Runs of tiles.
        tiles_shared: Tiles that several countries own.
    """

    countries: int
    countries_without_tiles: tuple[str, ...]
    countries_off_grid: tuple[str, ...]
    countries_kept_small: tuple[str, ...]
    tiles: int
    runs: int
    tiles_shared: int


@dataclass(frozen=True, slots=True)
class SiteTotals(Stated):
    """Figures of sites.

    Attributes:
        countries: Countries of the merchants.
        merchants: Merchants, one in several countries counted once.
        sites: Outlets.
        sites_on_map: Those with coordinates.
        summaries: What is reported of each country, ascending by code.
    """

    countries: int
    merchants: int
    sites: int
    sites_on_map: int
    summaries: tuple[SiteSummary, ...]


@dataclass(frozen=True, slots=True)
class PeopleTotals(Stated):
    """Figures of cards.

    Attributes:
        countries: Countries of the cards.
        cards: Cards.
        persons: Their holders.
        summaries: What is reported of each country, ascending by code.
    """

    countries: int
    cards: int
    persons: int
    summaries: tuple[CardSummary, ...]


@dataclass(frozen=True, slots=True)
class PurchaseTotals(Stated):
    """Figures of purchases.

    Attributes:
        days: Days.
        cards: Cards that could buy.
        purchases: Purchases.
        fraud: Those that were not the holders'.
        stays: Stays.
        summaries: What is reported of each day, ascending.
    """

    days: int
    cards: int
    purchases: int
    fraud: int
    stays: int
    summaries: tuple[DaySummary, ...]


@dataclass(frozen=True, slots=True)
class WeightTotals(Stated):
    """Figures of tile weights.

    Attributes:
        countries: Countries with tiles.
        tiles: Their tiles.
        tiles_of_weight_zero: Those of weight 0.
        countries_fallback: Codes of the countries where a basis had no mass, ascending.
        summaries: What the weights of each country were made from, ascending by code.
        raster: What the population raster holds in the tiles; None when no basis needs one.
    """

    countries: int
    tiles: int
    tiles_of_weight_zero: int
    countries_fallback: tuple[str, ...]
    summaries: tuple[WeightSummary, ...]
    raster: RasterFindings | None = None
