"""Random numbers of cards: each follows from a card's key, what it is for, and a counter."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.lives.places import Cards, Floats, Ints
from closedworld.kernels.sampling.philox import FourWords, Words
from closedworld.kernels.sampling.random_streams import keyed_words

WORD = 1 << 32
_BITS = np.uint64(32)


class Purpose(IntEnum):
    """What a draw is for. The order is public: the same seed gives the same lives in every version of a FORMAT."""

    CARD = 0
    DAY = 1
    SESSION = 2
    CHOICE = 3
    PAYMENT = 4
    FAVOURITE = 5
    TRIP = 6
    GOAL = 7
    LOST = 8
    CLONE = 9
    SKIM = 10
    TESTING = 11


def card_words(
    cards: Cards,
    purpose: Purpose,
    card: Ints,
    turn: Ints | int = 0,
    source: Ints | int = 0,
    item: Ints | int = 0,
) -> FourWords:
    """Return four words for each draw.

    Args:
        cards: All cards.
        purpose: What for.
        card: Row of the card, int64 (m,).
        turn: Day, window or campaign, 0 or more, below 2^32.
        source: Which of the turn, 0 or more, below 2^16.
        item: Which of the source, 0 or more, below 2^8.
    """
    number = np.asarray(item, np.int64) | np.asarray(source, np.int64) << 8 | purpose << 24
    counter = np.asarray(turn, np.int64).astype(np.uint64)
    return keyed_words(cards.keys.take(card, axis=0), counter, number.astype(np.uint64))


def below(words: Words, probability: Floats | float) -> NDArray[np.bool_]:
    """Return whether a word says yes, bool (n,), to a probability in 0..1."""
    return words.astype(np.float64) < np.asarray(probability) * WORD


def scaled(words: Words, totals: Ints | int) -> Ints:
    """Return integers in 0..totals - 1, int64 (n,), as even as words are; totals up to 2^32."""
    return (words * np.asarray(totals, np.int64).astype(np.uint64) >> _BITS).astype(np.int64)


def parted(words: Words) -> tuple[Words, Words]:
    """Return the upper and the lower 16 bits of words as two words."""
    return words >> np.uint64(16) << np.uint64(16), (words & np.uint64(0xFFFF)) << np.uint64(16)


def interpolated(words: Words, quantiles: Floats, rows: Ints | int = 0) -> Floats:
    """Return a number for each word from 2^b quantiles in the middle of equal shares, float64 (n,).

    Args:
        words: What to draw with, (n,).
        quantiles: float64 (2^b,), or (r, 2^b) with a distribution in each row.
        rows: Distribution of each, int64 (n,).
    """
    width = quantiles.shape[-1]
    position = words.astype(np.float64) * (width / WORD) - 0.5
    left = np.clip(np.floor(position), 0, width - 2).astype(np.int64)
    part = np.clip(position - left, 0.0, 1.0)
    at = rows * width + left
    found: Floats = quantiles.take(at) * (1.0 - part) + quantiles.take(at + 1) * part
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """Discrete distributions over 0..m - 1, one in each row.

    Attributes:
        cumulative: Cumulative shares of 2^32, each row raised by 2^32 times its number, int64 (r * m,).
        width: m.
    """

    cumulative: Ints
    width: int

    @classmethod
    def of(cls, weights: Floats) -> Tables:
        """Return the tables of weights, float64 (r, m), 0 or more; a row of zeros is never asked."""
        sums = np.cumsum(weights, axis=1)
        totals = np.maximum(sums[:, -1:], np.finfo(np.float64).tiny)
        shares = np.floor(sums / totals * WORD).astype(np.int64)
        return cls((shares + np.arange(len(weights))[:, None] * WORD).ravel(), weights.shape[1])

    def draw(self, rows: Ints, words: Words) -> Ints:
        """Return a number from each row, int64 (n,)."""
        targets = rows * WORD + words.astype(np.int64)
        return np.searchsorted(self.cumulative, targets, "right") - rows * self.width


def first_above(cumulative: Ints, starts: Ints, counts: Ints, targets: Ints) -> Ints:
    """Return the first place in each list at which a sum is above a target, int64 (n,).

    A fifth of the time of a search through all sums: a list is short.

    Args:
        cumulative: Sums, ascending within each list, int64 (m,).
        starts: Where each list begins, int64 (n,).
        counts: How many sums each has, int64 (n,), 1 or more.
        targets: Below the last sum of the list, int64 (n,).
    """
    place, left, most = starts.copy(), counts.copy(), int(counts.max(initial=0))
    while most > 1:
        half = left >> 1
        left -= half
        half *= cumulative.take(place + half - 1) <= targets
        place += half
        most -= most >> 1
    return place


def whole_weights(weights: Floats, counts: Ints, scale: int) -> Ints:
    """Return weights of lists as integers, the greatest of each list ``scale``, none below 1, int64 (n,).

    Their sums are exact, so a list's draws do not depend on the lists beside it.

    Args:
        weights: float64 (n,), above 0, one list after the other.
        counts: How many each has, int64 (l,).
        scale: 2^20 at most, with no more than 4,096 in a list.
    """
    counts = counts[counts > 0]
    if not len(counts):
        return np.zeros(0, np.int64)
    starts = np.cumsum(counts) - counts
    whole = np.repeat(scale / np.maximum.reduceat(weights, starts), counts)
    whole *= weights
    np.rint(whole, out=whole)
    np.maximum(whole, 1.0, out=whole)
    return whole.astype(np.int64)
