"""On which side of an edge a point lies, exactly.

The scanline computes crossings in float64 and trusts them, except within a sliver around the
column lines (``NEAR_CELLS``). Those few are decided here, so the tiles are those of exact arithmetic
on the float64 coordinates.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

NEAR_CELLS = 1e-4
"""Half-width of the sliver, in cells. float64 arithmetic puts a crossing within 6e-13 degrees
(longitudes within +/-1080), which is 6e-5 of the smallest cell that a grid may have."""

# J. R. Shewchuk, "Adaptive Precision Floating-Point Arithmetic and Fast Robust Geometric
# Predicates" (1997), bound A of orient2d.
_EPSILON = np.finfo(np.float64).eps / 2
_ERROR_BOUND = (3.0 + 16.0 * _EPSILON) * _EPSILON


def side_of_edge(
    x1: NDArray[np.float64],
    y1: NDArray[np.float64],
    x2: NDArray[np.float64],
    y2: NDArray[np.float64],
    px: NDArray[np.float64],
    py: NDArray[np.float64],
) -> NDArray[np.int8]:
    """Return the sign of ``px`` minus the edge's x at height ``py``: -1 west, 0 on it, +1 east.

    Args:
        x1: Edge starts, longitude, float64 (n,); likewise ``y1`` and the ends ``x2``, ``y2``.
        y1: See ``x1``.
        x2: See ``x1``.
        y2: See ``x1``; no edge is horizontal.
        px: Points, longitude, float64 (n,).
        py: Points, latitude, float64 (n,), each within its edge's latitudes.

    Returns:
        int8 (n,), exact for all finite coordinates.
    """
    left = (x1 - px) * (y2 - py)
    right = (y1 - py) * (x2 - px)
    det = left - right
    sign = np.sign(det).astype(np.int8)
    bound = _ERROR_BOUND * (np.abs(left) + np.abs(right))
    # Underflow voids the relative bound; such tiny products are decided exactly, unless a factor is
    # zero, which float64 knows exactly.
    left_is_zero = (x1 == px) | (y2 == py)
    right_is_zero = (y1 == py) | (x2 == px)
    certain = (np.abs(det) > bound) & (np.abs(det) > np.finfo(np.float64).tiny)
    certain |= left_is_zero & right_is_zero
    for i in np.flatnonzero(~certain):
        sign[i] = _exact_sign(x1[i], y1[i], x2[i], y2[i], px[i], py[i])
    # The determinant is positive when the point is to the left of the edge as directed; an upward
    # edge has west on its left.
    return np.where(y2 > y1, -sign, sign).astype(np.int8)


def _exact_sign(x1: float, y1: float, x2: float, y2: float, px: float, py: float) -> int:
    """Return the sign of the orientation determinant in rational arithmetic."""
    fx, fy = Fraction(float(px)), Fraction(float(py))
    det = (Fraction(float(x1)) - fx) * (Fraction(float(y2)) - fy) - (Fraction(float(y1)) - fy) * (
        Fraction(float(x2)) - fx
    )
    return (det > 0) - (det < 0)
