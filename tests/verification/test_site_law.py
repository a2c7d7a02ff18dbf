"""The plain law of sites that ``verify`` has, and the fast one that places them, are each other's judges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely
import shapely.affinity

from closedworld.inputs.regions.country_set import Country
from closedworld.kernels.grid import Grid
from closedworld.kernels.placing import (
    Blocks,
    Circle,
    PlacingDomain,
    SiteRequest,
    on_tile,
    place_sites,
    site_keys,
    within_circle,
)
from closedworld.kernels.placing import Towns as PlacingTowns
from closedworld.kernels.sampling import CountryShape, Points, in_memory
from closedworld.kernels.spans import RowSpans, border_tiles
from closedworld.verification.asked_parts import AskedPart, Part, read_parts
from closedworld.verification.site_law import TOLERANCE_DEGREES, SiteLaw, Towns
from closedworld.verification.site_numbers import WantedSite

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

pytestmark = pytest.mark.slow

# A ring with an island beyond 180 degrees, and its towns.
SHAPE = shapely.MultiPolygon(
    [shapely.Point(179.8, -17.0).buffer(0.6) - shapely.Point(179.9, -17.1).buffer(0.2),
     shapely.box(-179.9, -16.9, -179.7, -16.8)]
)  # fmt: skip
DRAW = np.random.default_rng(3)
TOWNS = (
    (DRAW.uniform(179.2, 180.8, 60) + 180.0) % 360.0 - 180.0,
    DRAW.uniform(-17.6, -16.4, 60),
    np.append(DRAW.pareto(1, 59) * 1000, 0).astype(np.int64),
)
GRIDS = {
    "30s": Grid.from_resolution("30s"),
    "5m": Grid.from_resolution("5m"),
    "20m": Grid.from_resolution("20m"),
    "0..360": Grid(0.0, 90.0, 1 / 40, 1 / 40, 360 * 40, 180 * 40),
    "a region": Grid(179.0, -16.0, 0.0083333333, 0.0083333333, 240, 240),
    "begins amid the country and a block": Grid(179.81, 90.0, 0.007, 0.007, 51_428, 25_714),
    "far north": Grid.from_resolution("1deg"),
    "15s": Grid.from_resolution("15s"),
    "1s": Grid.from_resolution("1s"),
}
"""Far north, a tile is much wider in the south, and everything lies 97 degrees farther up. From 15 arc-seconds on, squares
race before tiles do, and at 1 arc-second twice; there, the country is a twentieth as large."""


WANTED = [
    WantedSite(merchant, order, gamma8, spaced)
    for merchant, gamma8, spaced in (("007", 8, False), ("Ñ", 10, False), ("c", 6, True), ("d", 7, True))
    for order in (1, 2, 3, 70_000)
]  # fmt: skip


@dataclass(frozen=True)
class World:
    """The ring and its island on a grid, for the law that places and the plain one."""

    shape: shapely.MultiPolygon
    domain: PlacingDomain
    weights: NDArray[np.uint64]
    law: SiteLaw
    seed: int

    @classmethod
    def on(cls, name: str, seed: int, *, unpeopled: bool = False) -> World:
        grid, up = GRIDS[name], 97.0 if name == "far north" else 0.0
        shape = shapely.affinity.translate(SHAPE, 0, up)
        if name == "1s":
            shape = shapely.affinity.scale(shape, 0.05, 0.05)
        lons, lats, persons = TOWNS[0], TOWNS[1] + up, TOWNS[2]
        spans = RowSpans.from_polygon(shape, grid, "any_overlap")
        weights = np.random.default_rng(1).pareto(1, len(spans)).astype(np.uint64) * np.uint64(1000)
        if unpeopled:
            weights[:] = 0
        weights[0] += np.uint64(1)
        domain = PlacingDomain(
            spans,
            border_tiles([shape], grid),
            CountryShape([shape]),
            Blocks.of(spans, [weights]),
            in_memory(weights),
            PlacingTowns.of(lons, lats, persons),
            PlacingDomain.texture_of(grid, "FJ", seed),
        )
        some = persons > 0
        towns = Towns(lons[some], lats[some], persons[some])
        law = SiteLaw(grid, "FJ", seed, lambda: cls._batches(spans, weights), towns)
        return cls(shape, domain, weights, law, seed)

    @staticmethod
    def _batches(
        spans: RowSpans, weights: NDArray[np.uint64]
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        ids = spans.tile_ids().astype(np.int64)
        for some in np.array_split(np.arange(len(ids)), 3):
            yield ids[some], weights[some].astype(np.int64)

    def placed(self, domain: PlacingDomain) -> Points:
        merchant, orders, gammas, spaced = map(np.array, zip(*WANTED, strict=True))
        keys = site_keys(merchant.tolist(), "FJ", self.seed)
        return place_sites(domain, SiteRequest(keys, orders, gammas, spaced))

    def parts(self, parts: list[Part]) -> dict[Part, AskedPart]:
        spans = self.domain.spans
        country = Country("FJ", "Fiji", (self.shape,))
        return read_parts(parts, country, spans.grid, self._batches(spans, self.weights))


def recomputed(law: SiteLaw, polygons: Sequence[shapely.Geometry], placed: Points) -> int:
    """Compare placed sites with a law; return for how many it says where they lie."""
    count = 0
    for (tile, points), own, lon, lat in zip(
        law.sites(WANTED), placed.tile_ids.tolist(), placed.lons, placed.lats, strict=True
    ):
        assert tile == own
        for x, y in points:
            if any(
                shapely.contains_xy(one, x + turn, y) for one in polygons for turn in (-360, 0, 360)
            ):
                assert abs((lon - x + 180) % 360 - 180) < TOLERANCE_DEGREES
                assert abs(lat - y) < TOLERANCE_DEGREES
                count += 1
                break
    return count


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("seed", [7, 8])
def test_each_site_lies_where_the_plain_law_says(name: str, seed: int) -> None:
    world = World.on(name, seed)
    # Others lie in a piece of a tile so small that no try met it.
    assert recomputed(world.law, [world.shape], world.placed(world.domain))


CIRCLES = [(179.7, -16.9, 20.0), (-179.8, -16.85, 9.0), (179.9, -17.1, 24.0)]
"""Across the border and beyond 180 degrees, on an island, round a hole."""

FINE = ("30s", "5m", "0..360", "a region")
"""Grids on which some point of the first 32 lies in these circles."""


@pytest.mark.parametrize("name", FINE)
@pytest.mark.parametrize("circle", CIRCLES)
def test_each_site_in_a_circle_lies_where_the_plain_law_says(
    name: str, circle: tuple[float, float, float]
) -> None:
    world = World.on(name, 7)
    domain = within_circle(world.domain, Circle(*circle))
    assert domain is not None
    part = Part(circle=circle)
    found = world.parts([part])[part]
    assert recomputed(world.law.within(*found.weights), found.polygons, world.placed(domain))


@pytest.mark.parametrize("name", FINE)
def test_circles_without_people_and_single_tiles_are_as_the_plain_law_says(name: str) -> None:
    world = World.on(name, 7, unpeopled=True)
    ids = world.domain.spans.tile_ids()
    circle, tile = Part(circle=CIRCLES[0]), Part(tile=int(ids[len(ids) // 2]))
    parts = world.parts([circle, tile])
    in_circle = within_circle(world.domain, Circle(*CIRCLES[0]))
    assert in_circle is not None
    for part, domain in ((circle, in_circle), (tile, on_tile(world.domain, tile.tile))):
        law = world.law.within(*parts[part].weights)
        assert recomputed(law, parts[part].polygons, world.placed(domain))


def test_a_circle_off_the_country_has_no_tiles() -> None:
    part = Part(circle=(0.0, 0.0, 50.0))
    found = World.on("5m", 7).parts([part])[part]
    assert not found.polygons
    assert not len(found.weights[0])
