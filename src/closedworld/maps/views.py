"""Views: where longitude and latitude fall on the picture.

All are pseudocylindrical: parallels are straight horizontal lines, and along each of them x grows
evenly with longitude; y grows down from the top. The seam, where the picture of the globe is cut open,
lies 180 degrees from the middle. So a run of tiles is a straight bar in every view, and the share of a pixel
that it covers is arithmetic rather than sampling.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias

import numpy as np
import pyproj
from numpy.typing import NDArray

_POLE = 90.0


@dataclass(frozen=True, slots=True)
class EqualEarthView:
    """Equal Earth projection (Savric, Patterson and Jenny 2018), areas true to scale.

    Attributes:
        lon_center: Central meridian, degrees.
        width: Px from left to right.
        height: Px from top to bottom.
        px_per_meter: Scale of the projected plane, > 0.
        north_meters: Projected y of the top of the picture, metres.
        is_globe: Whether the whole globe is seen.
    """

    lon_center: float
    width: int
    height: int
    px_per_meter: float
    north_meters: float
    is_globe: bool
    _proj: pyproj.Proj = field(
        default_factory=lambda: pyproj.Proj("+proj=eqearth +ellps=WGS84"), repr=False, compare=False
    )

    def y_of(self, lats: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return px from the top of latitudes, degrees; float64, falling as latitude rises."""
        lats = np.clip(lats, -_POLE, _POLE)
        _, meters = self._proj(np.zeros_like(lats), lats)
        ys: NDArray[np.float64] = (self.north_meters - np.asarray(meters)) * self.px_per_meter
        return ys

    def lat_of(self, ys: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return latitudes, degrees; beyond a pole, the pole's."""
        north, south = self.y_of(np.array([_POLE, -_POLE]))
        meters = self.north_meters - np.clip(ys, north, south) / self.px_per_meter
        _, degrees = self._proj(np.zeros_like(meters), meters, inverse=True)
        lats: NDArray[np.float64] = np.clip(degrees, -_POLE, _POLE)
        return lats

    def px_per_degree(self, lats: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return px per degree of longitude; not 0 at the poles, which are lines."""
        lats = np.clip(lats, -_POLE, _POLE)
        meters, _ = self._proj(np.ones_like(lats), lats)
        scale: NDArray[np.float64] = np.asarray(meters) * self.px_per_meter
        return scale


@dataclass(frozen=True, slots=True)
class LocalView:
    """A small window, equirectangular, true to shape along its middle parallel.

    Attributes:
        lon_center: Longitude in the middle, degrees.
        lat_center: Latitude in the middle, degrees, not a pole.
        width: Px from left to right.
        height: Px from top to bottom.
        px_per_lat_degree: Px per degree of latitude, > 0.
    """

    lon_center: float
    lat_center: float
    width: int
    height: int
    px_per_lat_degree: float
    is_globe: ClassVar[bool] = False

    def y_of(self, lats: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return px from the top."""
        return self.height / 2 + (self.lat_center - lats) * self.px_per_lat_degree

    def lat_of(self, ys: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return latitudes, degrees; beyond a pole, the pole's."""
        lats = self.lat_center - (ys - self.height / 2) / self.px_per_lat_degree
        return np.clip(lats, -_POLE, _POLE)

    def px_per_degree(self, lats: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return px per degree of longitude, the same everywhere."""
        return np.full(
            np.shape(lats), self.px_per_lat_degree * math.cos(math.radians(self.lat_center))
        )


View: TypeAlias = EqualEarthView | LocalView
"""A window on the globe."""
