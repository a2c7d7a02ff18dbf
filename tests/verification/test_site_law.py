"""The plain law of sites that ``verify`` has, and the fast one that places them, are each other's judges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely
import shapely.affinity

from closedworld.kernels.grid import Grid
from closedworld.kernels.placing import (
    Blocks,
    PlacingDomain,
    SiteRequest,
    place_sites,
    site_keys,
)
from closedworld.kernels.placing import Towns as PlacingTowns
from closedworld.kernels.sampling import CountryShape, in_memory
from closedworld.kernels.spans import RowSpans, border_tiles
from closedworld.verification.site_law import TOLERANCE_DEGREES, SiteLaw, Towns
from closedworld.verification.site_numbers import WantedSite

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    "far north": Grid.from_resolution("1deg"),
}
"""Far north, a tile is much wider in the south, and everything lies 97 degrees farther up."""


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("seed", [7, 8])
def test_each_site_lies_where_the_plain_law_says(name: str, seed: int) -> None:
    grid, up = GRIDS[name], 97.0 if name == "far north" else 0.0
    shape = shapely.affinity.translate(SHAPE, 0, up)
    lons, lats, persons = TOWNS[0], TOWNS[1] + up, TOWNS[2]
    spans = RowSpans.from_polygon(shape, grid, "any_overlap")
    weights = np.random.default_rng(1).pareto(1, len(spans)).astype(np.uint64) * np.uint64(1000)
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
    wanted = [
        WantedSite(merchant, order, gamma8, spaced)
        for merchant, gamma8, spaced in (("007", 8, False), ("Ñ", 10, False), ("c", 6, True), ("d", 7, True))
        for order in (1, 2, 3, 70_000)
    ]  # fmt: skip
    merchant, orders, gammas, spaced = map(np.array, zip(*wanted, strict=True))
    placed = place_sites(
        domain, SiteRequest(site_keys(merchant.tolist(), "FJ", seed), orders, gammas, spaced)
    )

    def batches() -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        ids = spans.tile_ids().astype(np.int64)
        for some in np.array_split(np.arange(len(ids)), 3):
            yield ids[some], weights[some].astype(np.int64)

    some = persons > 0
    towns = Towns(lons[some], lats[some], persons[some])
    law = SiteLaw(grid, "FJ", seed, batches, towns)
    recomputed = 0
    for (tile, points), own, lon, lat in zip(
        law.sites(wanted), placed.tile_ids.tolist(), placed.lons, placed.lats, strict=True
    ):
        assert tile == own
        for x, y in points:
            if any(shapely.contains_xy(shape, x + turn, y) for turn in (-360, 0, 360)):
                assert abs((lon - x + 180) % 360 - 180) < TOLERANCE_DEGREES
                assert abs(lat - y) < TOLERANCE_DEGREES
                recomputed += 1
                break
    # Others lie in a piece of a tile so small that no try met it.
    assert recomputed
