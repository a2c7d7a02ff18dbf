"""What points are placed by: a world that a run is building, or one that is published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from closedworld.datasets.parameters import TileParameters
from closedworld.errors import ConfigError
from closedworld.execution.events import Observer, Warned
from closedworld.inputs.regions.country_set import CountrySet
from closedworld.kernels.spans import RowSpans
from closedworld.published.cumulative_weights import (
    CumulativeWeights,
    read_cumulative_weights,
    without_people,
)
from closedworld.published.polygons import polygons_of
from closedworld.published.tile_index import PublishedIndex
from closedworld.stages.alone import WeightedWorld
from closedworld.stages.protocol import RunContext
from closedworld.store.reading import Published


@dataclass(frozen=True, slots=True, eq=False)
class PlacingInputs:
    """What points are placed by, and how they are asked for.

    Attributes:
        spans: Tiles of each country that has any.
        index: The published tiles; None in a forecast.
        weights: The published weights; None in a forecast.
        countries: The polygons that the tiles were built from.
        seed: Determines where points lie.
        skip_unplaceable: Leave out rows that cannot be placed instead of refusing the table.
        observer: Told of what planning finds.
    """

    spans: Mapping[str, RowSpans]
    index: PublishedIndex | None
    weights: Published | None
    countries: CountrySet
    seed: int
    skip_unplaceable: bool
    observer: Observer

    @classmethod
    def of_run(cls, context: RunContext) -> PlacingInputs:
        """Return those of a run."""
        tiles, countries = context.upstream["tiles"], context.inputs.countries
        if countries is None:
            raise TypeError("points are placed in countries")
        index = None
        if tiles.published is not None:
            parameters = tiles.published.parameters(TileParameters)
            index = PublishedIndex(
                tiles.published, parameters.grid, parameters.rule, tiles.source.spans
            )
        return cls(
            tiles.source.spans,
            index,
            context.upstream["weights"].published,
            countries.made_valid(),
            context.config.seed,
            context.config.skip_unplaceable,
            context.observer,
        )

    @classmethod
    def of_world(
        cls,
        world: WeightedWorld,
        what: str,
        countries: CountrySet | None,
        *,
        seed: int,
        skip_unplaceable: bool,
        observer: Observer,
    ) -> PlacingInputs:
        """Return those of a published world; ``what`` is placed in it, in the plural, such as ``sites``.

        Raises:
            ConfigError: ``weights-missing``, ``polygons-differ``.
        """
        if world.weights is None:
            raise ConfigError(
                "weights-missing",
                f"{world.index.published.folder} has no weights to place {what} by.",
                "Make them with `closedworld weights`.",
            )
        polygons = polygons_of(world.index.published, countries)
        spans = world.index.spans
        return cls(spans, world.index, world.weights, polygons, seed, skip_unplaceable, observer)

    @property
    def built_on(self) -> list[Published]:
        """The published tiles and weights; none in a forecast."""
        if self.index is None or self.weights is None:
            return []
        return [self.index.published, self.weights]

    def cumulative_weights(
        self, what: Literal["homes", "outlets"]
    ) -> Mapping[str, CumulativeWeights]:
        """Return tiles and weights of each country, none in a forecast; warn of weights that count no people.

        Args:
            what: What is placed by them.

        Raises:
            IntegrityError: The published files are damaged.
        """
        if self.weights is None or self.index is None:
            return {}
        weights = read_cumulative_weights(self.weights, self.index)
        if text := without_people(weights, what):
            self.observer.on_event(
                Warned("homes-without-people" if what == "homes" else "sites-without-people", text)
            )
        return weights
