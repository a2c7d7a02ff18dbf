"""Points on a sphere, with the same bits on every machine.

Sines of a mathematics library differ in the last bit between processors. Here are only sums, products, quotients and
square roots, which IEEE 754 defines exactly.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

EARTH_RADIUS_KM = 6371.0088
"""Mean radius of the Earth (IUGG)."""

_RADIANS = 0.017453292519943295
# Taylor series; on -pi/4..pi/4 the first term left out is below 1e-17 of the sum.
_SINE = (-1 / 6, 1 / 120, -1 / 5040, 1 / 362880, -1 / 39916800, 1 / 6227020800, -1 / 1307674368000)
_COSINE = (
    -1 / 2, 1 / 24, -1 / 720, 1 / 40320, -1 / 3628800, 1 / 479001600, -1 / 87178291200, 1 / 20922789888000,
)  # fmt: skip
# arcsin(x) / x in powers of x^2.
_ARCSINE = (1 / 6, 3 / 40, 15 / 336, 105 / 3456, 945 / 42240)
_SERIES_KM = 1000.0


def series(x: npt.NDArray[np.float64], terms: Sequence[float]) -> npt.NDArray[np.float64]:
    """Return ``sum(terms[k] * x**k)`` by Horner's rule, float64 (n,)."""
    total = np.full_like(x, terms[-1])
    for term in terms[-2::-1]:
        total *= x
        total += term
    return total


def sine_cosine(
    degrees: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return sines and cosines, float64 (n,), of angles in degrees, float64 (n,), within 2e-16."""
    quarter = np.rint(degrees / 90.0)
    angle = (degrees - 90.0 * quarter) * _RADIANS
    square = angle * angle
    sine = angle + angle * square * series(square, _SINE)
    cosine = 1.0 + square * series(square, _COSINE)
    turn = quarter.astype(np.int64) & 3
    odd = (turn & 1).astype(bool)
    return (
        np.where(turn > 1, -1.0, 1.0) * np.where(odd, cosine, sine),
        np.where((turn == 1) | (turn == 2), -1.0, 1.0) * np.where(odd, sine, cosine),  # noqa: PLR2004
    )


def to_xyz(lons: npt.NDArray[np.float64], lats: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return points in km from the centre of the Earth, float64 (3, n): x, y, z.

    Args:
        lons: Degrees, float64 (n,), in -180..360.
        lats: Degrees, float64 (n,), in -90..90.
    """
    sin_lon, cos_lon = sine_cosine(lons)
    sin_lat, cos_lat = sine_cosine(lats)
    flat = EARTH_RADIUS_KM * cos_lat
    return np.stack([flat * cos_lon, flat * sin_lon, EARTH_RADIUS_KM * sin_lat])


def chord_km(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return straight-line distances in km, float64 (n,), between points of two arrays (3, n)."""
    x, y, z = a[0] - b[0], a[1] - b[1], a[2] - b[2]
    chord: npt.NDArray[np.float64] = np.sqrt(x * x + y * y + z * z)
    return chord


def arc_km(chord: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return great-circle distances in km for straight-line distances in km.

    Below 1,000 km a series within 0.1 mm and with the same bits everywhere, above it the arcsine.
    """
    half = np.minimum(chord / (2 * EARTH_RADIUS_KM), 1.0)
    near = chord * (1.0 + half * half * series(half * half, _ARCSINE))
    return np.where(chord < _SERIES_KM, near, 2 * EARTH_RADIUS_KM * np.arcsin(half))
