"""What the sites of a country are placed by: tiles, weights, polygons and towns; can be sent to another process."""

from __future__ import annotations

from dataclasses import dataclass

from closedworld.inputs.reference.places import CountryPlaces
from closedworld.inputs.regions.country_set import Country
from closedworld.kernels.placing import Blocks, PlacingDomain, Towns
from closedworld.kernels.sampling import CountryShape, in_memory, packed
from closedworld.kernels.spans import border_tiles
from closedworld.published.cumulative_weights import CumulativeWeights

TILES_IN_MEMORY = 1 << 26
"""Weights of so many tiles, 256 MiB, are held; Russia has 42 million of 30 arc-seconds."""


@dataclass(frozen=True, slots=True, eq=False)
class CountrySource:
    """A country of a published world.

    Attributes:
        country: Its polygons.
        weights: Its tiles and their weights.
        is_region: Whether its code is its own, so that its places are those in its polygons.
    """

    country: Country
    weights: CumulativeWeights
    is_region: bool

    def places(self) -> CountryPlaces:
        """Return its places."""
        return self.country.places(is_region=self.is_region)

    def domain(self, towns: CountryPlaces, seed: int) -> PlacingDomain:
        """Return the country as sites are placed in it.

        Args:
            towns: Its places.
            seed: Determines where sites lie.

        Raises:
            IntegrityError: ``weights-damaged``, ``file-unreadable``.
        """
        spans, features = self.weights.spans, self.country.features
        # Reading weights takes longer than placing sites: once, where memory allows.
        every = self.weights.tile_weights()
        weights = [packed(len(spans), every)] if len(spans) <= TILES_IN_MEMORY else every
        return PlacingDomain(
            spans,
            border_tiles(features, spans.grid),
            CountryShape(features),
            Blocks.of(spans, weights),
            in_memory(weights[0]) if isinstance(weights, list) else self.weights.of_runs,
            Towns.of(towns.lons, towns.lats, towns.persons),
            PlacingDomain.texture_of(spans.grid, self.country.iso, seed),
        )
