"""The options of each stage: frozen, checked when built; ``RunConfig`` is all of them together."""

from __future__ import annotations

from dataclasses import Field, fields
from pathlib import Path
from typing import Any, ClassVar

from closedworld.config.options import Kind, PathField, options
from closedworld.config.table import OPTIONS
from closedworld.errors import ConfigError
from closedworld.kernels.inclusion import Rule

DEFAULT_DP = 12
"""Decimal places of the weights (docs/decisions/0010-weights.md)."""

DEMO = "demo"
"""What stands for the demonstration's merchants in place of a file."""

DEMO_TOWNS = "demo-towns"
"""What stands for merchants or cards of the demonstration of a payment world: some towns."""

DEFAULT_CARDS = "10000"

DEFAULT_DAYS = 60


@options
class Options:
    """Fields that have the names of the table of options."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def __post_init__(self) -> None:
        for one in fields(self):
            option, value = OPTIONS.get(one.name), getattr(self, one.name)
            if option is None or (value is None and one.default is None):
                continue
            if option.unknown_code and value not in (None, *option.choices):
                raise ConfigError(
                    option.unknown_code,
                    f"there is no {one.name} {value!r}.",
                    f"Choose one of {', '.join(option.choices)}.",
                )
            if option.range_code and option.kind in (Kind.NUMBER, Kind.REAL):
                vars(self)[one.name] = option.number(one.name, value)


@options
class TileOptions(Options):
    """Which tiles a country has.

    Attributes:
        rule: Inclusion rule, ``center`` or ``any_overlap``.
        keep_small_countries: Give a country without tiles the tile of its representative point.
        coverage: Publish the share of each tile that lies in its country; with ``any_overlap``.

    Raises:
        ConfigError: ``rule-unknown``, ``coverage-rule``.
    """

    rule: str = Rule.CENTER.value
    keep_small_countries: bool = False
    coverage: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        rule = Rule.parse(self.rule)
        if self.coverage and rule is not Rule.ANY_OVERLAP:
            raise ConfigError(
                "coverage-rule",
                f"coverage needs every tile that a country shares, and rule {self.rule} leaves some out.",
                "Take --rule any_overlap.",
            )


@options
class WeightOptions(Options):
    """What weights are made from.

    Attributes:
        basis: Basis or mixture of the weights; None for ``population``, and ``area_m2`` where no raster fits the grid.
        dp: Decimal places of the weights, 0..18.
        weigh_by_coverage: Multiply masses by coverage.

    Raises:
        ConfigError: ``dp-range``.
    """

    basis: str | None = None
    dp: int = DEFAULT_DP
    weigh_by_coverage: bool = False


@options
class SiteOptions(Options):
    """Whose outlets are placed.

    Attributes:
        merchants: Table of merchants, CSV or Parquet, or ``demo``; None to place none.
        seed: Determines where outlets and homes lie, and what people buy.
        skip_unplaceable: Leave out merchants and cards that cannot be placed and report them.
    """

    merchants: PathField = PathField()
    seed: int = 0
    skip_unplaceable: bool = False


class CardsField(PathField):
    """A path that may also be given as a number, which becomes its digits, as on the command line."""

    def __set__(self, config: object, given: Path | str | int | None) -> None:
        """Hold the digits of a number, or a path.

        Raises:
            ConfigError: ``cards-number``, or as ``PathField``.
        """
        if not isinstance(given, Path | str | None):
            given = str(OPTIONS["cards"].number("cards", given))
        super().__set__(config, given)


@options
class PeopleOptions(Options):
    """Whose homes are placed.

    Attributes:
        cards: A number of cards, such as 500 or ``"500"``, numbers by country such as ``DE=1000,FR=500``, a table of
            cards, CSV or Parquet, or ``demo-towns``; None to place none.

    Raises:
        ConfigError: ``cards-number``.
    """

    cards: CardsField = CardsField()


@options
class PurchaseOptions(Options):
    """What people buy, and what thieves do with their cards.

    Attributes:
        first_day: First day in UTC, such as ``2026-01-01``.
        days: How many days, 1..3,660; None for no purchases.
        rates: TOML file of what people buy, by category; None for the bundled rates.
        fraud: TOML file of how much fraud of which kind; None for 0.2% of purchases.
        noise: How often honest purchases look impossible, 0..100; 0 is never, 1 is usual, 10 is often.

    Raises:
        ConfigError: ``days-range``, ``noise-range``.
    """

    first_day: str = "2026-01-01"
    days: int | None = None
    rates: PathField = PathField()
    fraud: PathField = PathField()
    noise: float = 1.0
