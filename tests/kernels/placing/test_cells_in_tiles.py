"""How a tile is halved into cells: by area, by towns and by the texture of streets."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import pytest

from closedworld.kernels.grid import Grid
from closedworld.kernels.placing import Towns, sites
from closedworld.kernels.placing.cells_in_tiles import _town_shares, cell_levels, cells_in_tiles
from closedworld.kernels.placing.texture import _UPPER_HALF
from closedworld.kernels.sampling.area_density import area_density
from closedworld.verification import site_law

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]


class Recorded:
    """Takes note of the shares of the north, and goes south and east at every step."""

    def __init__(self) -> None:
        self.north_shares: list[float] = []

    def halves(self, step: int, attempt: int) -> tuple[Recorded, Reals]:
        del step, attempt
        return self, np.ones(1)

    def __ge__(self, shares: Reals) -> NDArray[np.bool_]:
        self.north_shares += shares.tolist()
        return np.ones(len(shares), np.bool_)


class Even:
    """A texture that is the same everywhere."""

    def quarters(self, rows: NDArray[np.int64], *_: object) -> Reals:
        return np.ones((4, len(rows)))


@pytest.mark.parametrize("row", [5, 100, 170])
def test_without_towns_and_texture_a_cell_is_halved_by_area(row: int) -> None:
    """Area is linear in latitude within a tile; the numbers lead into its south-eastern corner."""
    grid, numbers = Grid.from_resolution("1deg"), Recorded()
    none = np.empty(0)
    towns = Towns.of(none, none, np.empty(0, np.int64))
    down, across = cells_in_tiles(
        grid, np.array([row]), np.array([7]), np.ones(1), numbers, Even(), towns, 0  # type: ignore[arg-type]
    )  # fmt: skip
    levels = cell_levels(grid)
    assert (down.tolist(), across.tolist()) == ([2**levels - 1], [2**levels - 1])
    north, south = area_density(np.array([90.0 - row, 89.0 - row])).tolist()
    expected = []
    for level in range(levels):
        # The last cell of 2^level; its halves have their middles a quarter and three quarters down.
        middles = [1 - (1 - at) / 2**level for at in (0.25, 0.75)]
        upper, lower = (north + (south - north) * at for at in middles)
        expected.append(upper / (upper + lower))
    assert numbers.north_shares == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("level", [0, 1, 2, 4])
def test_sites_in_the_same_cell_share_a_density_and_others_have_their_own(level: int) -> None:
    """In tiles next to each other, as many sites together as one by one."""
    grid = Grid.from_resolution("30s")
    towns = Towns.of(np.array([10.1, 10.12]), np.array([49.9, 49.93]), np.array([90_000, 700]))
    draw = np.random.default_rng(level)
    n = 300
    rows, cols = 4805 + draw.integers(0, 3, n), 22_810 + draw.integers(0, 3, n)
    down, across = draw.integers(0, 1 << level, (2, n))
    together = _town_shares(grid, rows, cols, down, across, level, towns)
    for site in range(0, n, 10):
        one = slice(site, site + 1)
        alone = _town_shares(grid, rows[one], cols[one], down[one], across[one], level, towns)
        assert together[:, one].tolist() == alone.tolist()


def test_the_table_of_the_texture_has_the_quantiles_of_a_lognormal_distribution() -> None:
    quantiles = [NormalDist().inv_cdf((128.5 + k) / 256) for k in range(128)]
    assert list(_UPPER_HALF) == [round(math.exp(z / 8) * 2**30) for z in quantiles]


def test_the_plain_law_tries_as_many_points_in_a_tile() -> None:
    assert sites.ATTEMPTS == site_law.ATTEMPTS
