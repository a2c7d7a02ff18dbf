"""How much area lies at a latitude: what makes points uniform by area rather than in degrees."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.sphere import series

_FLATTENING = 1 / 298.257223563  # WGS 84
_ECCENTRICITY_SQUARED = _FLATTENING * (2 - _FLATTENING)

# Taylor series of the sine about 0; at a right angle the next term is below 1e-19.
_SINE = [(-1) ** k / math.factorial(2 * k + 1) for k in range(12)]


def area_density(lats: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the area per degree of latitude, in units of that at the equator, float64 in 0..1.

    ``cos(lat) / (1 - e^2 sin(lat)^2)^2`` on the WGS 84 ellipsoid, which falls from the equator to the
    poles. Made of additions and multiplications alone, so that it is the same on every machine, where
    the cosines of C libraries differ in the last bit.

    Args:
        lats: Latitudes, degrees in -90..90, float64 (n,).
    """
    of_sphere = cosine(lats)
    width = 1 - _ECCENTRICITY_SQUARED * (1 - of_sphere * of_sphere)
    density: NDArray[np.float64] = of_sphere / (width * width)
    return density


def cosine(lats: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the cosine of latitudes in degrees, -90..90, the same on every machine, float64 (n,)."""
    angle = (90.0 - np.abs(lats)) * (math.pi / 180)
    return series(angle * angle, _SINE) * angle
