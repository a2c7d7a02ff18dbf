"""Points placed again by the plain law: which countries are drawn, and whether their points lie where the law says."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from closedworld.datasets import TILE_WEIGHTS
from closedworld.errors import IntegrityError
from closedworld.inputs.reference.places import CountryPlaces
from closedworld.inputs.reference.registry import bundled
from closedworld.inputs.regions.country_set import Country
from closedworld.store.reading import Published
from closedworld.verification.findings import Findings
from closedworld.verification.membership import placed_polygons
from closedworld.verification.request import Request
from closedworld.verification.site_law import TOLERANCE_DEGREES, SiteLaw, Towns
from closedworld.verification.site_numbers import WantedSite
from closedworld.verification.tile_checks import TileIndex

_BATCH_TILES = 1 << 20
_PLACES = "places.parquet"


@dataclass(frozen=True, slots=True, eq=False)
class PlacedAgain:
    """Places points of one result again.

    Attributes:
        what: Name of the check.
        kind: Kind of the keys, ``site`` or ``home``.
        seed: Seed of the result.
        places_sha256: The table of places that it was placed by.
        weights: The weights that it was placed by; None when they are not at hand.
        index: Their tiles, likewise.
        request: What was asked for.
        findings: Where findings go.
    """

    what: str
    kind: bytes
    seed: int
    places_sha256: str
    weights: Published | None
    index: TileIndex | None
    request: Request
    findings: Findings

    def drawn(self, countries: Sequence[str]) -> set[str]:
        """Return the countries in which some points are placed again."""
        if self.weights is None or self.index is None:
            self.findings.add_unchecked(self.what, "no weights at hand")
            return set()
        if self.places_sha256 != bundled(_PLACES).sha256:
            self.findings.add_unchecked(self.what, "they were placed by another table of places")
            return set()
        count = len(countries) if self.request.recompute is None else self.request.recompute
        draw = random.Random(self.request.seed)  # noqa: S311 -- a sample that can be drawn again
        drawn = set(draw.sample(countries, min(count, len(countries))))
        if left := len(countries) - len(drawn):
            reason = f"{left} of {len(countries)} countries not drawn; give --recompute all"
            self.findings.add_unchecked(self.what, reason)
        return drawn

    def wrong(
        self, country: Country, towns: CountryPlaces, wanted: Sequence[WantedSite], placed: pa.Table
    ) -> NDArray[np.bool_]:
        """Return which points do not lie where the law says, bool (n,); in a tiny piece of a tile it says nothing.

        Args:
            country: Polygons of the country.
            towns: Its towns.
            wanted: What was placed.
            placed: ``lon``, ``lat`` and ``tile_id`` of each.
        """
        wrong = np.zeros(len(wanted), np.bool_)
        if self.weights is None or self.index is None or not len(wanted):
            return wrong
        weights, grid, some = self.weights, self.index.parameters.grid, towns.persons > 0
        law = SiteLaw(
            grid,
            country.iso,
            self.seed,
            lambda: _tile_weights(weights, country.iso),
            Towns(towns.lons[some], towns.lats[some], towns.persons[some]),
            self.kind,
        )
        try:
            again = law.sites(wanted)
        except (OSError, ValueError, pa.ArrowException, IntegrityError) as error:
            reason = f"weights cannot be read: {type(error).__name__}"
            self.findings.add_unchecked(self.what, reason, country.iso)
            return wrong
        polygons = list(placed_polygons(country.features, grid))
        shapely.prepare(polygons)
        columns = (placed[name].to_pylist() for name in ("lon", "lat", "tile_id"))
        for row, (own, (tile, points)) in enumerate(
            zip(zip(*columns, strict=True), again, strict=True)
        ):
            wrong[row] = own[2] != tile or not _is_first_in(polygons, points, own[0], own[1])
        return wrong


def _is_first_in(
    polygons: list[shapely.Polygon], points: Iterator[tuple[float, float]], lon: float, lat: float
) -> bool:
    """Return whether a point is the first of some that lies in polygons; any is if none does."""
    for x, y in points:
        if shapely.intersects_xy(polygons, x, y).any():
            turned = (x - lon + 180.0) % 360.0 - 180.0
            return max(abs(turned), abs(y - lat)) < TOLERANCE_DEGREES
    return True


def _tile_weights(
    weights: Published, iso: str
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    for entry in weights.files(TILE_WEIGHTS.name)[iso]:
        with weights.open_parquet(entry) as file:
            for batch in file.iter_batches(_BATCH_TILES, columns=["tile_id", "weight_fp"]):
                yield batch["tile_id"].to_numpy(), batch["weight_fp"].to_numpy()
