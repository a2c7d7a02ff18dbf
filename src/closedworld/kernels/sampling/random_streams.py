"""Random numbers by key: the k-th draw of an id depends on seed, country, id and k alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.columns import Columns
from closedworld.kernels.sampling.philox import FourWords, Words, philox4x32

Keys: TypeAlias = "NDArray[np.uint32]"
"""128 bits for each id in a country, four words, uint32 (n, 4)."""

_DIGEST_BYTES = 16
_WORD = 2.0**-32


class Purpose(IntEnum):
    """What a draw is for; draws for different purposes are independent.

    The order is part of the public one of random numbers, so of the points of a seed.
    """

    TILE = 0
    POINT = 1


def stream_keys(ids: Iterable[str], country_iso: str, seed: int, *, kind: bytes = b"") -> Keys:
    """Return the keys of ids in a country: BLAKE2b of seed, country and id, 128 bits each.

    Args:
        ids: Any texts; the empty one for points without an id.
        country_iso: ISO 3166-1 alpha-2 code.
        seed: Any integer.
        kind: What for, up to 16 bytes: keys of other kinds are independent.
    """
    common = hashlib.blake2b(
        f"{seed}\n{country_iso}\n".encode(), digest_size=_DIGEST_BYTES, person=kind
    )
    digests = bytearray()
    for one in ids:
        own = common.copy()
        own.update(one.encode("utf-8", "surrogatepass"))
        digests += own.digest()
    return np.frombuffer(bytes(digests), "<u4").astype(np.uint32, copy=False).reshape(-1, 4)


def keyed_words(keys: Keys, number: Words, turn: Words) -> FourWords:
    """Return four random words for each key and two words beside it, uint64 (n,) or one for all, uint64 ()."""
    k = [keys[:, word].astype(np.uint64) for word in range(4)]
    # Half of the key goes into the counter, so that ids have 128 bits to differ in.
    return philox4x32((number, turn, k[2], k[3]), (k[0], k[1]))


@dataclass(frozen=True, slots=True, eq=False)
class StreamDraws(Columns):
    """Draws of many ids: draw ``numbers[i]`` of the id with ``keys[i]``.

    Attributes:
        keys: Key of each draw, uint32 (n, 4).
        numbers: Which of the id's draws it is, from 0, int64 (n,), below 2^32.
    """

    keys: Keys
    numbers: NDArray[np.int64]

    def words(self, purpose: Purpose, number: int) -> FourWords:
        """Return four random words for each draw.

        Args:
            purpose: What for.
            number: Which four of this purpose.
        """
        turn = np.array(len(Purpose) * number + purpose, np.uint64)
        return keyed_words(self.keys, self.numbers.astype(np.uint64), turn)


def fractions(words: Words) -> NDArray[np.float64]:
    """Return words of 32 bits as numbers strictly between 0 and 1, float64 (n,)."""
    return (words.astype(np.float64) + 0.5) * _WORD
