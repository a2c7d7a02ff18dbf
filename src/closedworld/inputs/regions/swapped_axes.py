"""Notices polygons whose latitude stands where the longitude belongs, by where the bundled countries lie."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray

from closedworld.errors import GeometryError
from closedworld.inputs.reference.registry import bundled
from closedworld.inputs.regions.country_set import Country
from closedworld.inputs.regions.problems import Problem
from closedworld.sanitize import listed

_QUARTER_TURN = 90.0
# Countries whose bounds meet the bundled ones after the axes are swapped, not before, per country that can be told.
_SHARE = 0.5


def check_axes(countries: Sequence[Country]) -> list[Problem]:
    """Return the problem of countries that lie where they belong only when x and y are swapped, if they do.

    Bounds alone are compared, with those of the bundled country of the same code; most of the countries must agree.
    """
    known = _bundled_bounds()
    swapped, n_known = [], 0
    for country in countries:
        if country.iso not in known:
            continue
        n_known += 1
        parts = shapely.bounds(shapely.get_parts(list(country.features)))
        # Beyond 90 no longitude is a latitude.
        if np.abs(parts).max() <= _QUARTER_TURN and not _meet(parts, known[country.iso]):
            if _meet(parts[:, [1, 0, 3, 2]], known[country.iso]):
                swapped.append(country.iso)
    if not swapped or len(swapped) <= _SHARE * n_known:
        return []
    return [
        Problem(
            GeometryError,
            "coordinates-swapped",
            f"latitude and longitude are swapped: {listed(tuple(swapped), 10)} would lie where they belong with x "
            "and y exchanged.",
            "x must be the longitude: ogr2ogr -dialect sqlite -sql 'SELECT SwapCoordinates(geometry), * FROM layer' "
            "out.gpkg in.gpkg",
        )
    ]


def _meet(some: NDArray[np.float64], others: NDArray[np.float64]) -> bool:
    """Return whether any of some bounds, (n, 4), meet any of others, (m, 4)."""
    a, b = some[:, None], others[None]
    return bool(
        (
            (a[..., 0] <= b[..., 2])
            & (a[..., 2] >= b[..., 0])
            & (a[..., 1] <= b[..., 3])
            & (a[..., 3] >= b[..., 1])
        ).any()
    )


@functools.cache
def _bundled_bounds() -> Mapping[str, NDArray[np.float64]]:
    """Return the bounds of the polygons of each bundled country, float64 (n, 4): west, south, east, north."""
    table = pq.read_table(bundled("countries.parquet").path, columns=["country_iso", "geometry"])
    shapes = shapely.from_wkb(table["geometry"].to_numpy())
    return MappingProxyType(
        {
            iso: shapely.bounds(shapely.get_parts(shape))
            for iso, shape in zip(table["country_iso"].to_pylist(), shapes, strict=True)
        }
    )
