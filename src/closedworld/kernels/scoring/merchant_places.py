"""How many places each merchant has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_PER_DEGREE = 100_000
"""Places are told apart to 1e-5 degrees, a metre."""


@dataclass(frozen=True, slots=True, eq=False)
class MerchantPlaces:
    """Merchants with their purchases and places, arrays of one length.

    Attributes:
        merchant: Number of the merchant, int64, ascending.
        purchases: Purchases that have a place, int64.
        places: Distinct places, int64.
    """

    merchant: NDArray[np.int64]
    purchases: NDArray[np.int64]
    places: NDArray[np.int64]


def place_keys(lons: NDArray[np.float64], lats: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return a number for each place, the same within 1e-5 degrees, int64 (n,); -1 without one."""
    keys = np.full(len(lons), -1, np.int64)
    at = np.flatnonzero(np.isfinite(lons) & np.isfinite(lats))
    east = np.rint(lons[at] * _PER_DEGREE).astype(np.int64) + 360 * _PER_DEGREE
    north = np.rint(lats[at] * _PER_DEGREE).astype(np.int64) + 90 * _PER_DEGREE
    keys[at] = east * (180 * _PER_DEGREE + 1) + north
    return keys


def places_of(merchant: NDArray[np.int64], place: NDArray[np.int64]) -> MerchantPlaces:
    """Return the places of merchants.

    Args:
        merchant: Number of the merchant, int64 (n,).
        place: Key of the place, int64 (n,), none negative.
    """
    order = np.lexsort((place, merchant))
    merchant, place = merchant[order], place[order]
    is_new = np.ones(len(order), np.bool_)
    is_new[1:] = (merchant[1:] != merchant[:-1]) | (place[1:] != place[:-1])
    numbers, starts, purchases = np.unique(merchant, return_index=True, return_counts=True)
    places = np.add.reduceat(is_new.astype(np.int64), starts) if len(starts) else purchases
    return MerchantPlaces(numbers, purchases, places)
