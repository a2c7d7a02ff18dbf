"""Tiles are drawn by weight, and without replacement by what weight is left."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats

from closedworld.kernels.sampling import PopulationExhaustedError, stream_keys
from closedworld.kernels.sampling.random_streams import StreamDraws
from closedworld.kernels.sampling.successive import (
    SuccessiveSampler,
    draw_candidates,
    tiles_without_replacement,
)
from closedworld.kernels.sampling.tile_descent import RemovedTiles

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from closedworld.kernels.sampling import TileDescent

    DescentOf = Callable[[Sequence[int]], TileDescent]

LEAST_P = 1e-3


def many_keys(n: int) -> np.ndarray[tuple[int, int], np.dtype[np.uint32]]:
    return stream_keys(map(str, range(n)), "DE", 7)


def test_with_replacement_a_tile_comes_as_often_as_it_weighs(descent_of: DescentOf) -> None:
    """A tile of weight 0 never comes."""
    weights = [5, 0, 1, 70, 0, 24]
    n = 50_000
    draws = StreamDraws(np.broadcast_to(many_keys(1)[0], (n, 4)), np.arange(n))
    found = np.bincount(descent_of(weights)(draws).ranks, minlength=6)
    some = np.array(weights) > 0
    assert not found[~some].any()
    expected = np.array(weights)[some] * n / 100
    assert stats.chisquare(found[some], expected).pvalue > LEAST_P


@pytest.mark.slow
def test_without_replacement_pairs_follow_successive_sampling(descent_of: DescentOf) -> None:
    """P(i, then j) = w_i / W * w_j / (W - w_i), also for the heavy tile that begins the sampler anew."""
    weights = [1, 2, 3, 14]
    n = 40_000
    ranks = tiles_without_replacement(many_keys(n), np.full(n, 2), descent_of(weights))
    pairs = [tuple(pair) for pair in ranks.reshape(n, 2).tolist()]
    expected = {
        (i, j): n * weights[i] / 20 * weights[j] / (20 - weights[i])
        for i, j in itertools.permutations(range(4), 2)
    }
    assert set(pairs) <= set(expected)
    found = [pairs.count(pair) for pair in expected]
    assert stats.chisquare(found, list(expected.values())).pvalue > LEAST_P


@given(
    st.lists(st.integers(0, 40) | st.just(10**12), min_size=1, max_size=30),
    st.lists(st.integers(0, 12), min_size=1, max_size=6),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_without_replacement_tiles_differ_and_have_weight(
    descent_of: DescentOf, weights: list[int], counts: list[int]
) -> None:
    """No id gets a tile twice or one without weight; more than there are is refused with the number."""
    there = sum(weight > 0 for weight in weights)
    if not there:
        return
    descent, keys = descent_of(weights), many_keys(len(counts))
    if max(counts) > there:
        with pytest.raises(PopulationExhaustedError) as caught:
            tiles_without_replacement(keys, np.array(counts), descent)
        assert caught.value.tiles == there
        return
    ranks = tiles_without_replacement(keys, np.array(counts), descent)
    for own in np.split(ranks, np.cumsum(counts)[:-1]):
        assert len(set(own.tolist())) == len(own)
        assert all(weights[rank] for rank in own)


@pytest.mark.slow
@pytest.mark.parametrize("weights", [[1, 1000, 10, 100, 1, 1, 50, 10**6, 3], [2, 1, 1]], ids=str)
def test_the_first_tiles_do_not_depend_on_how_many_follow(
    descent_of: DescentOf, weights: list[int]
) -> None:
    """Also where a tile has exactly half of the weight: those that need no sampler go on as those that do."""
    descent, keys, all_of_them = descent_of(weights), many_keys(200), len(weights)
    whole = tiles_without_replacement(keys, np.full(200, all_of_them), descent)
    whole = whole.reshape(200, all_of_them)
    for n in range(1, all_of_them):
        part = tiles_without_replacement(keys, np.full(200, n), descent)
        assert np.array_equal(part.reshape(200, n), whole[:, :n])


def test_an_id_gets_the_same_tiles_alone_and_among_others(descent_of: DescentOf) -> None:
    weights = [1, 1000, 10, 100, 1, 1, 50, 30_000, 3]
    descent, keys = descent_of(weights), many_keys(50)
    counts = np.arange(50) % 9
    together = tiles_without_replacement(keys, counts, descent)
    alone = [
        tiles_without_replacement(keys[i : i + 1], counts[i : i + 1], descent) for i in range(50)
    ]
    assert np.array_equal(together, np.concatenate(alone))


def test_plain_first_draws_are_those_of_a_sampler(descent_of: DescentOf) -> None:
    """The way past the sampler, for ids whose tiles all differ, gives what a sampler gives."""
    weights = np.random.default_rng(3).integers(0, 1000, 200).tolist()
    descent, keys, total = descent_of(weights), many_keys(300), sum(weights)
    found = tiles_without_replacement(keys, np.full(300, 5), descent).reshape(300, 5)
    for key, own in zip(keys, found, strict=True):
        sampler = SuccessiveSampler(key, 5, total)
        while sampler.missing:
            sampler.accept(*draw_candidates([sampler], descent))
        assert np.array_equal(sampler.ranks, own)


def plain_ranks(key: NDArray[np.uint32], wanted: int, descent: TileDescent) -> list[int]:
    """Return the tiles of an id, draw by draw."""
    ranks, weights = list[int](), list[int]()
    removed: tuple[list[int], list[int]] = ([], [])
    left, drawn, number = descent.total, 0, 0
    while len(ranks) < wanted:
        hit = descent(
            StreamDraws(key[None], np.array([number])),
            RemovedTiles(
                [np.array(removed[0], np.int64)],
                [np.array(removed[1], np.uint64)],
                descent.spans.tile_count,
            ),
            np.zeros(1, np.int64),
        )
        number += 1
        if hit.ranks[0] in ranks:
            continue
        ranks.append(int(hit.ranks[0]))
        weights.append(int(hit.weights[0]))
        drawn += weights[-1]
        if 2 * drawn > left:
            left, drawn, removed = left - drawn, 0, (ranks.copy(), weights.copy())
    return ranks


@pytest.mark.parametrize(
    ("weights", "wanted", "ids"),
    [
        ([1, 40, 10, 5, 1, 1, 9, 30, 3], 9, 10),
        ([50] + 50 * [1], 2, 20),
        ([51, 24, 25], 2, 60),
        ([45] + 55 * [1], 9, 15),
    ],
    ids=str,
)
def test_tiles_are_those_of_one_draw_after_another(
    descent_of: DescentOf, weights: list[int], wanted: int, ids: int
) -> None:
    """Draws are numbered without a gap, also where more are asked for and where the drawn tiles are removed."""
    descent, keys = descent_of(weights), many_keys(ids)
    ranks = tiles_without_replacement(keys, np.full(ids, wanted), descent)
    expected = [plain_ranks(key, wanted, descent) for key in keys]
    assert ranks.reshape(ids, wanted).tolist() == expected
    for key, own in zip(keys, expected, strict=True):
        sampler = SuccessiveSampler(key, wanted, descent.total, spare=0)
        while sampler.missing:
            sampler.accept(*draw_candidates([sampler], descent))
        assert sampler.ranks.tolist() == own


@pytest.mark.parametrize("spare", [0, 1, 500])
def test_it_does_not_matter_how_many_are_drawn_at_once(descent_of: DescentOf, spare: int) -> None:
    weights = [1, 1000, 10, 100, 1, 1, 50, 30_000, 3]
    descent, keys, total = descent_of(weights), many_keys(50), sum(weights)
    found = tiles_without_replacement(keys, np.full(50, 9), descent).reshape(50, 9)
    for key, own in zip(keys, found, strict=True):
        sampler = SuccessiveSampler(key, 9, total, spare)
        while sampler.missing:
            sampler.accept(*draw_candidates([sampler], descent))
        assert np.array_equal(sampler.ranks, own)


def test_a_tile_that_outweighs_all_others_does_not_hold_up_the_rest(descent_of: DescentOf) -> None:
    """By rejection alone the second tile would take 10^17 draws."""
    weights = [1, 10**18 - 3, 1, 1]
    ranks = tiles_without_replacement(many_keys(20), np.full(20, 4), descent_of(weights))
    assert (np.sort(ranks.reshape(20, 4), axis=1) == np.arange(4)).all()
    assert (ranks.reshape(20, 4)[:, 0] == 1).all()
