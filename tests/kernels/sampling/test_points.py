"""Points of several ids together are those of each alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely

from closedworld.kernels.grid import Grid
from closedworld.kernels.sampling import CountryShape, points, stream_keys
from closedworld.kernels.sampling.area_density import area_density
from closedworld.kernels.sampling.points import SamplingDomain, draw_points, points_in_tiles
from closedworld.kernels.sampling.random_streams import Purpose, StreamDraws, fractions
from closedworld.kernels.sampling.triangulation import points_in_pieces
from closedworld.kernels.spans import RowSpans

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from closedworld.kernels.sampling import TileDescent

    DescentOf = Callable[[Sequence[int]], TileDescent]

GLOBE = shapely.MultiPolygon([shapely.box(-180, -90, 180, 90)])


@pytest.fixture
def domain(descent_of: DescentOf) -> SamplingDomain:
    descent = descent_of([3, 1, 4, 1, 5, 9, 2, 6])
    return SamplingDomain(RowSpans.empty(descent.spans.grid), descent, CountryShape([GLOBE]))


@pytest.mark.parametrize("with_replacement", [True, False])
@pytest.mark.parametrize("counts", [[2, 3, 1], [0, 4, 0, 1], [5]], ids=str)
def test_points_of_ids_are_those_of_each_alone(
    domain: SamplingDomain, counts: list[int], *, with_replacement: bool
) -> None:
    keys = stream_keys(map(str, range(len(counts))), "DE", 1)

    def drawn(first: int, stop: int) -> list[tuple[int, float, float]]:
        found = draw_points(
            domain,
            keys[first:stop],
            np.array(counts[first:stop]),
            with_replacement=with_replacement,
        )
        columns = (found.tile_ids.tolist(), found.lons.tolist(), found.lats.tolist())
        return list(zip(*columns, strict=True))

    alone = [drawn(k, k + 1) for k in range(len(counts))]
    assert [len(one) for one in alone] == counts
    assert drawn(0, len(counts)) == [point for one in alone for point in one]


@pytest.mark.parametrize("with_replacement", [True, False])
def test_how_many_points_are_made_at_once_does_not_count(
    domain: SamplingDomain, monkeypatch: pytest.MonkeyPatch, *, with_replacement: bool
) -> None:
    keys, counts = stream_keys("abc", "DE", 1), np.array([4, 0, 7])
    whole = draw_points(domain, keys, counts, with_replacement=with_replacement)
    monkeypatch.setattr(points, "_BLOCK_POINTS", 7)
    monkeypatch.setattr(points, "_CHUNK_POINTS", 5)
    parts = draw_points(domain, keys, counts, with_replacement=with_replacement)
    assert parts.tile_ids.tolist() == whole.tile_ids.tolist()
    assert parts.lons.tolist() == whole.lons.tolist()
    assert parts.lats.tolist() == whole.lats.tolist()


def test_tiles_are_those_of_an_ids_draws_from_0_and_without_replacement_all_different(
    domain: SamplingDomain,
) -> None:
    keys, counts = stream_keys("ab", "DE", 1), np.array([8, 7])
    grid, ranks = domain.descent.spans.grid, np.append(np.arange(8), np.arange(7))
    with_replacement = draw_points(domain, keys, counts, with_replacement=True)
    draws = StreamDraws(np.repeat(keys, counts, axis=0), ranks)
    tiles = domain.descent.spans.tiles_at(domain.descent(draws).ranks)
    assert with_replacement.tile_ids.tolist() == tiles.tolist()
    assert len(set(tiles[:8].tolist())) < 8
    nowhere = np.zeros(len(draws), np.bool_)
    lons, lats = points_in_tiles(grid, tiles, draws, nowhere, domain.shape)
    assert with_replacement.lons.tolist() == lons.tolist()
    assert with_replacement.lats.tolist() == lats.tolist()
    without = draw_points(domain, keys, counts, with_replacement=False).tile_ids.tolist()
    assert len(set(without[:8])) == 8
    assert len(set(without[8:])) == 7


def plain_point(
    grid: Grid, tile: int, draw: StreamDraws, shape: CountryShape, *, on_border: bool
) -> tuple[float, float] | None:
    """Return the first of 32 points that lies in the country and is not left out for its latitude."""
    row, col = divmod(tile, grid.n_cols)
    north, south = 90.0 - row, 89.0 - row
    densest = area_density(np.array([min(max(0.0, south), north)]))[0]
    for attempt in range(32):
        across, up, chance, _ = (fractions(word)[0] for word in draw.words(Purpose.POINT, attempt))
        lon, lat = grid.west + col + across, south + up * (north - south)
        if chance * densest >= area_density(np.array([lat]))[0]:
            continue
        if not on_border or shape.contains(np.array([lon]), np.array([lat]))[0]:
            return lon, lat
    return None


def test_points_are_those_of_one_attempt_after_another_and_then_of_the_piece() -> None:
    """Of the country, a tile has nothing but a corner, half, or all of it; the last lies on no border."""
    grid = Grid.from_resolution("1deg")
    shape = CountryShape(
        [
            shapely.MultiPolygon(
                [shapely.box(10.9, 79.0, 11.1, 79.2), shapely.box(11.9, 40.3, 14.0, 40.8)]
            )
        ]
    )
    tiles = np.repeat([10 * 360 + 190, 10 * 360 + 191, 49 * 360 + 192, 49 * 360 + 193, 7], 40)
    on_border = tiles != 7
    keys = np.broadcast_to(stream_keys(["a"], "DE", 3), (len(tiles), 4))
    draws = StreamDraws(keys, np.arange(len(tiles)))
    lons, lats = points_in_tiles(grid, tiles.astype(np.uint64), draws, on_border, shape)
    missed = 0
    for i, tile in enumerate(tiles.tolist()):
        one = draws.take(slice(i, i + 1))
        expected = plain_point(grid, tile, one, shape, on_border=bool(on_border[i]))
        if expected is None:
            missed += 1
            piece = points_in_pieces(grid, np.array([tile], np.uint64), one, shape, 32)
            expected = float(piece[0][0]), float(piece[1][0])
        assert (lons[i], lats[i]) == expected
    assert 5 < missed < 80


def test_no_ids_have_no_points(domain: SamplingDomain) -> None:
    none = draw_points(
        domain, stream_keys([], "DE", 1), np.empty(0, np.int64), with_replacement=True
    )
    assert len(none.tile_ids) == 0
