"""Draws depend on seed, country, id and number alone, and favour no number."""

from __future__ import annotations

import hashlib

import numpy as np
from scipy import stats

from closedworld.kernels.sampling.random_streams import (
    Purpose,
    StreamDraws,
    fractions,
    stream_keys,
)
from closedworld.verification.site_numbers import philox

LEAST_P = 1e-3
"""At fixed seeds a test either passes for good or fails for good."""


def draws_of(n: int, seed: int = 1) -> StreamDraws:
    return StreamDraws(np.broadcast_to(stream_keys(["a"], "DE", seed)[0], (n, 4)), np.arange(n))


def test_keys_are_the_digest_of_seed_country_and_id() -> None:
    """Whoever has these three can find the key; a change of this law would change every world."""
    digest = hashlib.blake2b("7\nDE\nläden".encode(), digest_size=16).digest()
    words = [int.from_bytes(digest[at : at + 4], "little") for at in range(0, 16, 4)]
    assert stream_keys(["läden"], "DE", 7).tolist() == [words]


def test_words_are_those_of_philox_with_half_of_the_key_in_the_counter() -> None:
    """By verification's Python integers: number, then which four words of which purpose."""
    draws = StreamDraws(stream_keys(["a", "b", "c"], "DE", 1), np.array([0, 7, 2**32 - 1]))
    for purpose in Purpose:
        for number in (0, 1, 40):
            found = np.stack(draws.words(purpose, number), axis=1).tolist()
            expected = [
                list(philox((own, 2 * number + int(purpose), k[2], k[3]), (k[0], k[1])))
                for k, own in zip(draws.keys.tolist(), draws.numbers.tolist(), strict=True)
            ]
            assert found == expected


def test_keys_differ_by_each_of_seed_country_and_id() -> None:
    keys = [
        stream_keys([id_], iso, seed) for id_ in "ab" for iso in ("DE", "FR") for seed in (1, 2)
    ]
    assert len(np.unique(np.concatenate(keys), axis=0)) == 8


def test_keys_of_no_ids() -> None:
    assert stream_keys([], "DE", 7).shape == (0, 4)


def test_fractions_are_even_and_never_zero_or_one() -> None:
    ends = fractions(np.array([0, 2**32 - 1], np.uint64))
    assert 0 < ends[0] < 1e-9
    assert 1 - 1e-9 < ends[1] < 1
    for word in draws_of(50_000).words(Purpose.POINT, 3):
        assert stats.kstest(fractions(word), "uniform").pvalue > LEAST_P


def test_purposes_attempts_and_numbers_are_independent() -> None:
    """All words are different, and neighbours do not go together."""
    draws = draws_of(20_000)
    columns = [
        fractions(word)
        for purpose in Purpose
        for attempt in (0, 1)
        for word in draws.words(purpose, attempt)
    ]
    columns.append(np.roll(columns[0], 1))
    correlation = np.corrcoef(columns) - np.eye(len(columns))
    assert np.abs(correlation).max() < 5 / np.sqrt(20_000)
