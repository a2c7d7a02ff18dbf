"""The exact quotient and remainder of ``mass * units / total``, which need not fit 64 bits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_INT64_END = 1 << 63
_EXACT_BITS = 49
_DOWN = 1.0 - 2.0**-50


def divided(
    masses: NDArray[np.integer], units: int, total: int
) -> tuple[NDArray[np.uint64], NDArray[Any]]:
    """Return ``(quotients, remainders)`` of ``mass * units`` by ``total``, exact.

    A float64 estimate of the quotient is off by little, so its remainder is small, though the product is
    not: 64-bit arithmetic that wraps around gives the remainder exactly, and the remainder tells how far the
    estimate is off.

    Args:
        masses: Integers (n,), 0 <= mass <= total.
        units: 0..10^18.
        total: > 0.

    Returns:
        Quotients, uint64 (n,); remainders in 0..total - 1, int64 (n,), or Python integers in an object
        array (n,) when ``total`` is beyond what that arithmetic holds.
    """
    largest = int(masses.max()) * units // total if len(masses) else 0
    # The mass as float64, units / total, that times _DOWN, and the product are each off by at most
    # 2^-53 of their size, 2^-51 together; _DOWN brings the estimate below the quotient all the same,
    # and by less than 2^-49 of it.
    off_by = (largest >> _EXACT_BITS) + 1
    if (off_by + 1) * total >= _INT64_END:
        return _divided_as_python_integers(masses, units, total)
    masses = masses.astype(np.int64, copy=False)
    estimate = masses * (units / total * _DOWN)
    quotients = estimate.astype(np.int64)
    remainders = masses * np.int64(units)
    remainders -= quotients * np.int64(total)
    short = remainders >= total
    if off_by > 1:
        short_by = remainders // np.int64(total)
        quotients += short_by
        remainders -= short_by * np.int64(total)
    elif short.any():
        # One in a million.
        quotients += short
        remainders -= short * np.int64(total)
    return quotients.view(np.uint64), remainders


def _divided_as_python_integers(
    masses: NDArray[np.integer], units: int, total: int
) -> tuple[NDArray[np.uint64], NDArray[Any]]:
    pairs = [divmod(mass * units, total) for mass in masses.tolist()]
    quotients = np.array([quotient for quotient, _ in pairs], np.uint64)
    remainders = np.empty(len(pairs), object)
    remainders[:] = [remainder for _, remainder in pairs]
    return quotients, remainders
