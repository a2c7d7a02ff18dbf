"""What makes honest purchases look wrong: posted late, or with the coordinates of a head office."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.lives.choosing import Drafts
from closedworld.kernels.lives.clock import HOUR
from closedworld.kernels.lives.market import Market
from closedworld.kernels.lives.outcome import NONE, HardNegative
from closedworld.kernels.lives.places import Ints
from closedworld.kernels.sampling.philox import Words

_LATE = 0.001  # of purchases at sites, at noise 1
_HEAD_OFFICE = 2e-5
_MOST_LATE = 72 * HOUR


def mishaps_of(
    market: Market, drafts: Drafts, hard: Ints, is_fraud: NDArray[np.bool_], noise: float
) -> Ints:
    """Return ``HardNegative`` of each purchase: what its session has, or a mishap of its own."""
    late, office = _bounds(noise)
    share = drafts.mishap * 2.0**-32
    free = (drafts.site != NONE) & ~is_fraud & (hard == HardNegative.NONE)
    found = np.where(free & (share < late), HardNegative.LATE_POSTING, hard)
    at_office = np.flatnonzero(free & (share >= late) & (share < office))
    site = drafts.site[at_office]
    at_office = at_office[market.head_office.take(site) != site]
    found[at_office] = HardNegative.HEAD_OFFICE
    return found


def late_by(mishap: Words, noise: float) -> Ints:
    """Return by how many seconds late ones are posted late: an hour to three days, mostly few hours."""
    share = mishap * 2.0**-32 / _bounds(noise)[0]
    return HOUR + ((_MOST_LATE - HOUR) * (share * share)).astype(np.int64)


def _bounds(noise: float) -> tuple[float, float]:
    """Return cumulative shares of late ones and of head offices."""
    late = min(_LATE * noise, 0.5)
    return late, late + min(_HEAD_OFFICE * noise, 0.5)
