"""The random numbers of the law of sites, in Python integers; see ``site_law``."""

from __future__ import annotations

import hashlib
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Words = tuple[int, int, int, int]

_SPACING_STEP, _STEPS = 62, 64
_WORD, _LONG = 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF


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

    def __init__(self, key: Words, order: int) -> None:
        self._key, self._order = key, order

    def fresh(self, step: int, attempt: int = 0) -> tuple[float, float]:
        """Return the two numbers of a step, in 0..1."""
        a, b, c, d = self._words(self._order, attempt * _STEPS + step)
        return (a << 21 | b >> 11) / 2**53, (c << 21 | d >> 11) / 2**53

    def race(
        self, step: int, runners: NDArray[np.int64], masses: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Return which masses are those of the runner that comes first, bool (n,).

        Args:
            step: Step of the random numbers.
            runners: Number of the runner that has each mass, int64 (n,); several may be of one.
            masses: The masses, int64 (n,), not all 0.
        """
        a, b, *_ = self._words(self._order, step)
        times = {}
        for runner in np.unique(runners).tolist():
            word = split_mix(a << 32 | b, runner >> 1) >> 32 * (runner & 1) & _WORD
            mass = int(masses[runners == runner].sum())
            times[runner] = -math.log1p(-(word + 0.5) / 2**32) / mass if mass else math.inf
        first: NDArray[np.bool_] = runners == min(times, key=times.__getitem__)
        return first

    def spaced(self) -> float:
        """Return the number in 0..1 by which a site with spacing finds its block."""
        x = self._order + self._words(0, _SPACING_STEP)[0] & _WORD
        for factor in (0x6C50B47C, 0xB82F1E52, 0xC7AFE638, 0x8D22F6E6):
            x ^= x * factor & _WORD
        first = int(f"{x:032b}"[::-1][:16], 2)
        a, b, *_ = self._words(self._order, _SPACING_STEP)
        return (first << 37 | (a << 32 | b) >> 27) / 2**53

    def _words(self, order: int, turn: int) -> Words:
        k0, k1, k2, k3 = self._key
        return philox((order, turn, k2, k3), (k0, k1))


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


def split_mix(state: int, output: int) -> int:
    """Return one output, from 0, of SplitMix64 of G. L. Steele and others (OOPSLA '14) in Python integers."""
    x = (state + (output + 1) * 0x9E3779B97F4A7C15) & _LONG
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & _LONG
    x = (x ^ x >> 27) * 0x94D049BB133111EB & _LONG
    return x ^ x >> 31
