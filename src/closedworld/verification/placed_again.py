"""Points placed again by the plain law: which countries are drawn, and whether their points lie where the law says."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from closedworld.datasets import TILE_WEIGHTS
from closedworld.datasets.parameters import PeopleParameters, SiteParameters
from closedworld.errors import IntegrityError
from closedworld.inputs.reference.places import CountryPlaces
from closedworld.inputs.reference.registry import bundled
from closedworld.inputs.regions.country_set import Country
from closedworld.store.reading import Published
from closedworld.verification.asked_parts import WHOLE, Part, read_parts
from closedworld.verification.findings import Findings
from closedworld.verification.membership import placed_polygons
from closedworld.verification.request import Request
from closedworld.verification.site_law import TOLERANCE_DEGREES, SiteLaw, Towns
from closedworld.verification.site_numbers import WantedSite
from closedworld.verification.tile_checks import TileIndex

_BATCH_TILES = 1 << 20
_PLACES = "places.parquet"


class PointChecks(Protocol):
    """The checks of a result with points that were placed."""

    weights: Published | None
    index: TileIndex | None
    request: Request
    findings: Findings

    @property
    def parameters(self) -> SiteParameters | PeopleParameters:
        """Its parameters."""


@dataclass(frozen=True, slots=True, eq=False)
class PlacedAgain:
    """Places points of one result again.

    Attributes:
        what: Name of the check.
        kind: Kind of the keys, ``site`` or ``home``.
        checks: The checks of the result.
    """

    what: str
    kind: bytes
    checks: PointChecks

    def drawn(self, countries: Sequence[str]) -> set[str]:
        """Return the countries in which some points are placed again."""
        checks = self.checks
        if checks.weights is None or checks.index is None:
            checks.findings.add_unchecked(self.what, "no weights at hand")
            return set()
        if checks.parameters.places_sha256 != bundled(_PLACES).sha256:
            reason = "they were placed by another table of places"
            checks.findings.add_unchecked(self.what, reason)
            return set()
        request = checks.request
        count = len(countries) if request.recompute is None else request.recompute
        draw = random.Random(request.seed)  # noqa: S311 -- a sample that can be drawn again
        drawn = set(draw.sample(countries, min(count, len(countries))))
        if left := len(countries) - len(drawn):
            reason = f"{left} of {len(countries)} countries not drawn; give --recompute all"
            checks.findings.add_unchecked(self.what, reason)
        return drawn

    def wrong(
        self,
        country: Country,
        towns: CountryPlaces,
        wanted: Sequence[WantedSite],
        asked: Sequence[Sequence[Part]],
        placed: pa.Table,
    ) -> NDArray[np.bool_]:
        """Return which points do not lie where the law says, bool (n,).

        In a piece of a tile so small that no try met it, any point does.

        Args:
            country: Polygons of the country.
            towns: Its towns.
            wanted: What was placed.
            asked: Parts of the country, in any of which each may have been asked to lie.
            placed: ``lon``, ``lat`` and ``tile_id`` of each.
        """
        weights, index = self.checks.weights, self.checks.index
        if weights is None or index is None or not wanted:
            return np.zeros(len(wanted), np.bool_)
        grid, some = index.parameters.grid, towns.persons > 0
        parts = {part for own in asked for part in own} - {WHOLE}
        try:
            law = SiteLaw(
                grid,
                country.iso,
                self.checks.parameters.seed,
                lambda: _tile_weights(weights, country.iso),
                Towns(towns.lons[some], towns.lats[some], towns.persons[some]),
                self.kind,
            )
            found = read_parts(parts, country, grid, _tile_weights(weights, country.iso))
        except (OSError, ValueError, pa.ArrowException, IntegrityError) as error:
            reason = f"weights cannot be read: {type(error).__name__}"
            self.checks.findings.add_unchecked(self.what, reason, country.iso)
            return np.zeros(len(wanted), np.bool_)
        whole = list(placed_polygons(country.features, grid))
        right = np.zeros(len(wanted), np.bool_)
        for turn in range(max(map(len, asked))):
            for part, rows in _rows_by_part(asked, turn, ~right).items():
                own = None if part == WHOLE else found[part]
                if own is not None and not own.weights[1].any():
                    continue
                right[rows] = _is_right(
                    law if own is None else law.within(*own.weights),
                    whole if own is None else own.polygons,
                    [wanted[row] for row in rows],
                    placed.take(pa.array(rows, pa.int64())),
                )
        return ~right


def _rows_by_part(
    asked: Sequence[Sequence[Part]], turn: int, left: NDArray[np.bool_]
) -> dict[Part, list[int]]:
    """Return the rows that are left by the part that each asks for in its turn."""
    found: dict[Part, list[int]] = {}
    for row in np.flatnonzero(left).tolist():
        if turn < len(asked[row]):
            found.setdefault(asked[row][turn], []).append(row)
    return found


def _is_right(
    law: SiteLaw, polygons: list[shapely.Polygon], wanted: Sequence[WantedSite], placed: pa.Table
) -> list[bool]:
    """Return which points lie where the law of a part of the country says, whose polygons are given."""
    shapely.prepare(polygons)
    columns = (placed[name].to_pylist() for name in ("lon", "lat", "tile_id"))
    return [
        own == tile and _is_first_in(polygons, points, lon, lat)
        for (tile, points), lon, lat, own in zip(law.sites(wanted), *columns, strict=True)
    ]


def _is_first_in(
    polygons: list[shapely.Polygon], points: Iterator[tuple[float, float]], lon: float, lat: float
) -> bool:
    """Return whether a point is the first of some that lies in polygons; if none does, whether it lies in them."""
    for x, y in points:
        if shapely.intersects_xy(polygons, x, y).any():
            turned = (x - lon + 180.0) % 360.0 - 180.0
            return max(abs(turned), abs(y - lat)) < TOLERANCE_DEGREES
    own = shapely.points([lon - 360.0, lon, lon + 360.0], lat)
    return bool(shapely.dwithin(np.asarray(polygons)[:, None], own, TOLERANCE_DEGREES).any())


def _tile_weights(
    weights: Published, iso: str
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    for entry in weights.files(TILE_WEIGHTS.name)[iso]:
        with weights.open_parquet(entry) as file:
            for batch in file.iter_batches(_BATCH_TILES, columns=["tile_id", "weight_fp"]):
                yield batch["tile_id"].to_numpy(), batch["weight_fp"].to_numpy()
