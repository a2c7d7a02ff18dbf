"""The descent to a tile is that of plain integers, and a tile that changes moves hardly any draw."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closedworld.kernels.grid import Grid
from closedworld.kernels.sampling import TileDescent, in_memory, stream_keys
from closedworld.kernels.sampling import tile_descent as module
from closedworld.kernels.sampling.random_streams import Purpose, StreamDraws
from closedworld.kernels.sampling.tile_descent import RemovedTiles, chooses_first
from closedworld.kernels.spans import RowSpans

if TYPE_CHECKING:
    from numpy.typing import NDArray

GRID = Grid(-180.0, 90.0, 1.0, 1.0, 360, 180)


def draws_of(n: int) -> StreamDraws:
    return StreamDraws(np.broadcast_to(stream_keys(["a"], "DE", 5)[0], (n, 4)), np.arange(n))


def descent_of(tiles: list[int], weights: NDArray[np.uint64]) -> TileDescent:
    """Return what draws some tiles, ascending, with weights."""
    ids = np.array(tiles)
    spans = RowSpans.from_runs(GRID, ids // 360, ids % 360, ids % 360 + 1)
    before = (np.cumsum(weights) - weights)[spans.first_ranks]
    return TileDescent(spans, before, int(weights.sum()), in_memory(weights))


def number_of(draw: StreamDraws, choice: int) -> Fraction:
    """Return the number of a choice, of 192 bits: more than any share here needs."""
    words = draw.words(Purpose.TILE, choice >> 1)
    bits = [int(word[0]) for word in (words[:2], words[2:])[choice & 1]]
    for more in (1, 2):
        bits += [int(word[0]) for word in draw.words(Purpose.TILE, 256 * more + choice)[:2]]
    return sum((Fraction(word, 2 ** (32 * i)) for i, word in enumerate(bits, 1)), Fraction(0))


def plain_tile(tiles: dict[int, int], draw: StreamDraws) -> int:
    """Return the tile of a draw: of all, keep those in a half of the rows, then of the columns."""
    left = dict(tiles)
    rows = [(bit, 360, bit) for bit in reversed(range(8))]
    for choice, divisor, bit in rows + [(32 + bit, 1, bit) for bit in reversed(range(9))]:
        low = {tile: w for tile, w in left.items() if not tile // divisor % 360 >> bit & 1}
        share = Fraction(sum(low.values()), sum(left.values()))
        is_low = number_of(draw, choice) < share
        left = {tile: w for tile, w in left.items() if (tile in low) == is_low}
    (tile,) = left
    return tile


@pytest.mark.slow
@settings(max_examples=30)
@given(
    st.dictionaries(
        st.integers(0, 180 * 360 - 1) | st.integers(30_000, 30_020),
        st.integers(0, 5) | st.just(10**15),
        min_size=1,
        max_size=25,
    ).filter(lambda tiles: sum(tiles.values()) > 0)
)
def test_tiles_are_those_of_plain_integers(tiles: dict[int, int]) -> None:
    ids = sorted(tiles)
    weights = np.array([tiles[one] for one in ids], np.uint64)
    draws = draws_of(3)
    hits = descent_of(ids, weights)(draws)
    expected = [plain_tile(tiles, draws.take(slice(i, i + 1))) for i in range(3)]
    assert [ids[rank] for rank in hits.ranks] == expected
    assert hits.weights.tolist() == [tiles[one] for one in expected]


def test_removed_tiles_are_as_if_they_had_no_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    """For each id its own, in many chunks as in one."""
    draw = np.random.default_rng(1)
    tiles = sorted(draw.choice(180 * 360, 500, replace=False).tolist())
    weights = draw.integers(0, 1000, 500).astype(np.uint64)
    gone = [draw.choice(500, n, replace=False) for n in (0, 1, 400)]
    draws, ids = draws_of(300), np.arange(300) % 3
    removed = RemovedTiles(gone, [weights[one] for one in gone], 500)
    expected = np.empty(300, np.int64)
    for id_, one in enumerate(gone):
        rest = weights.copy()
        rest[one] = 0
        own = np.flatnonzero(ids == id_)
        expected[own] = descent_of(tiles, rest)(draws.take(own)).ranks
    descent = descent_of(tiles, weights)
    assert np.array_equal(descent(draws, removed, ids).ranks, expected)
    monkeypatch.setattr(module, "_CHUNK_DRAWS", 7)
    monkeypatch.setattr(module, "_CHUNK_TILES", 10)
    assert np.array_equal(descent(draws, removed, ids).ranks, expected)


@pytest.mark.parametrize("rows", [(80,), (80, 81), (63, 64, 100)])
def test_tiles_of_long_runs_are_those_of_plain_integers(rows: tuple[int, ...]) -> None:
    """Each row has a run of eight tiles, a gap, and a run of three."""
    ids = [360 * row + col for row in rows for col in (*range(250, 258), *range(300, 303))]
    weights = np.random.default_rng(3).integers(0, 9, len(ids)).astype(np.uint64)
    tiles = dict(zip(ids, weights.tolist(), strict=True))
    draws = draws_of(20)
    hits = descent_of(ids, weights)(draws)
    expected = [plain_tile(tiles, draws.take(slice(i, i + 1))) for i in range(20)]
    assert [ids[rank] for rank in hits.ranks] == expected
    assert hits.weights.tolist() == [tiles[one] for one in expected]


def test_the_weight_of_removed_tiles_before_a_rank_is_that_of_each_id_alone() -> None:
    """From the first rank to the one after the last, whatever the order in which tiles came."""
    ranks = [[4, 0, 2], [], [4], [1, 3, 0, 2, 4]]
    weights = [[7, 1, 5], [], [9], [2, 3, 4, 5, 6]]
    removed = RemovedTiles(
        [np.array(one, np.int64) for one in ranks],
        [np.array(one, np.uint64) for one in weights],
        5,
    )
    ids, asked = (one.ravel() for one in np.meshgrid(np.arange(4), np.arange(6)))
    expected = [
        sum(w for rank, w in zip(ranks[own], weights[own], strict=True) if rank < at)
        for own, at in zip(ids.tolist(), asked.tolist(), strict=True)
    ]
    assert removed.before(ids, asked).tolist() == expected


@pytest.mark.parametrize("whole", [3, 7, 2**63 - 1, 10**18])
def test_a_number_that_64_bits_do_not_place_has_more(whole: int) -> None:
    """Its first bits are those of the share; the next ones of each draw decide."""
    n, part = 64, whole // 3
    draws = draws_of(n)
    bits = (part << 64) // whole
    found = chooses_first(
        np.full(n, part, np.uint64),
        np.full(n, whole, np.uint64),
        np.full(n, bits, np.uint64),
        draws,
        5,
    )
    for i in range(n):
        more = draws.take(slice(i, i + 1)).words(Purpose.TILE, 256 + 5)
        number = Fraction(bits << 64 | int(more[0][0]) << 32 | int(more[1][0]), 2**128)
        assert found[i] == (number < Fraction(part, whole))


@pytest.mark.parametrize(("part", "whole"), [(0, 5), (5, 5), (0, 10**18), (10**18, 10**18)])
def test_nothing_is_never_chosen_and_all_always(part: int, whole: int) -> None:
    numbers = np.array([0, 1, 2**63, 2**64 - 1], np.uint64)
    found = chooses_first(
        np.full(4, part, np.uint64), np.full(4, whole, np.uint64), numbers, draws_of(4), 0
    )
    assert found.tolist() == [part == whole] * 4


@pytest.mark.slow
def test_a_heavier_tile_moves_few_draws() -> None:
    """Of 2,000 tiles one gets 5% more: as many draws move as it gains, and at most four times as many."""
    draw = np.random.default_rng(2)
    tiles = sorted(draw.choice(180 * 360, 2000, replace=False).tolist())
    weights = draw.integers(500, 1500, 2000).astype(np.uint64)
    weights[700] = 20_000
    heavier = weights.copy()
    heavier[700] += np.uint64(1000)
    draws = draws_of(200_000)
    moved = descent_of(tiles, weights)(draws).ranks != descent_of(tiles, heavier)(draws).ranks
    gained = 21_000 / heavier.sum() - 20_000 / weights.sum()
    assert 0.5 * gained < moved.mean() < 4 * gained
