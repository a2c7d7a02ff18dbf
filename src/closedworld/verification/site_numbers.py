"""The random numbers of the law of sites, in Python integers; see ``site_law``."""

from __future__ import annotations

import hashlib
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Words = tuple[int, int, int, int]

_SPACING_STEP, _STEPS = 62, 64
_BLOCK_STEPS = 13
_WORD = 0xFFFFFFFF


class WantedSite(NamedTuple):
    """A site of a merchant.

    Attributes:
        merchant_id: The merchant.
        order: Which of its sites in the country, from 1.
        gamma8: Eight times the merchant's gamma.
        spaced: Whether its sites keep apart.
    """

    merchant_id: str
    order: int
    gamma8: int
    spaced: bool


class SiteNumbers:
    """The random numbers of one site."""

    def __init__(self, key: Words, site: WantedSite) -> None:
        self._key, self._order, self._spaced = key, site.order, site.spaced
        self._carried = self._first_carried() if site.spaced else 0.0

    def fresh(self, step: int, attempt: int = 0) -> tuple[float, float]:
        """Return the two numbers of a step, in 0..1."""
        a, b, c, d = self._words(self._order, attempt * _STEPS + step)
        return (a << 21 | b >> 11) / 2**53, (c << 21 | d >> 11) / 2**53

    def quarter(
        self,
        step: int,
        left: NDArray[np.int64],
        is_south: NDArray[np.int64],
        is_east: NDArray[np.int64],
        masses: NDArray[np.int64],
    ) -> NDArray[np.int64]:
        """Return those of the squares that are left which lie in the quarter that the site goes to."""
        own: NDArray[np.int64] = 2 * is_south[left] + is_east[left]
        of_quarter = [int(masses[left[own == quarter]].sum()) for quarter in range(4)]
        if self._spaced and step < _BLOCK_STEPS:
            south = self._carry(sum(of_quarter[:2]), sum(of_quarter))
            west, east = of_quarter[2 * south : 2 * south + 2]
            chosen = 2 * south + self._carry(west, west + east)
        else:
            words = self._words(self._order, step)
            times = [
                -math.log((word + 0.5) / 2**32) / mass if mass else math.inf
                for word, mass in zip(words, of_quarter, strict=True)
            ]
            chosen = times.index(min(times))
        chosen_squares: NDArray[np.int64] = left[own == chosen]
        return chosen_squares

    def _carry(self, first: int, both: int) -> bool:
        """Return whether the site goes to the second side, by the number that it carries."""
        share = float(first) / float(both)
        second = self._carried >= share
        left = (self._carried - share) / (1 - share) if second else self._carried / share
        self._carried = min(max(left, 0.0), 1 - 2.0**-53)
        return second

    def _words(self, order: int, turn: int) -> Words:
        k0, k1, k2, k3 = self._key
        return philox((order, turn, k2, k3), (k0, k1))

    def _first_carried(self) -> float:
        x = self._order + self._words(0, _SPACING_STEP)[0] & _WORD
        for factor in (0x6C50B47C, 0xB82F1E52, 0xC7AFE638, 0x8D22F6E6):
            x ^= x * factor & _WORD
        first = int(f"{x:032b}"[::-1][:16], 2)
        a, b, *_ = self._words(self._order, _SPACING_STEP)
        return (first << 37 | (a << 32 | b) >> 27) / 2**53


def key_of(kind: bytes, seed: int, country_iso: str, own: str) -> Words:
    """Return the key of a merchant in a country, or of a country's texture: BLAKE2b, 128 bits in four words."""
    text = f"{seed}\n{country_iso}\n{own}".encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(text, digest_size=16, person=kind).digest()
    a, b, c, d = (int.from_bytes(digest[at : at + 4], "little") for at in range(0, 16, 4))
    return a, b, c, d


def philox(counter: Words, key: tuple[int, int]) -> Words:
    """Return Philox4x32-10 of J. K. Salmon and others (SC '11) in Python integers."""
    (a, b, c, d), (k0, k1) = counter, key
    for turn in range(10):
        x, y = a * 0xD2511F53, c * 0xCD9E8D57
        own0, own1 = (k0 + turn * 0x9E3779B9) & _WORD, (k1 + turn * 0xBB67AE85) & _WORD
        a, b, c, d = y >> 32 ^ b ^ own0, y & _WORD, x >> 32 ^ d ^ own1, x & _WORD
    return a, b, c, d
