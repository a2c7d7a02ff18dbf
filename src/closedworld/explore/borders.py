"""Borders as lines: each once, simplified only below what the page can show."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from closedworld.explore.packing import deltas, packed
from closedworld.inputs.regions.country_set import CountrySet

STEPS_PER_CELL = 32
"""Lines are rounded to a 32nd of a cell and simplified by half of that, and the page draws a cell at most 64 px
wide: a line is drawn at most a 27th of a cell, or 3 px, from where it is."""

# Coordinates of half a turn more than the globe, in 31 bits.
_SMALLEST_STEP = 2.0**-21
_EDGES = np.array([180.0, 90.0])


def packed_borders(countries: CountrySet, cell_degrees: float) -> dict[str, Any]:
    """Return the borders of countries as lines.

    A line that two countries share is written once. Lines along the antimeridian and at the poles, where polygons end
    and no border is, are left out.

    Args:
        countries: Their polygons, which share the vertices of common borders.
        cell_degrees: The smaller side of a cell of the grid, degrees.

    Returns:
        ``step``, degrees; ``lines``: vertices of each line; ``xs`` and ``ys``: differences from the vertex before,
        steps.
    """
    step = max(cell_degrees / STEPS_PER_CELL, _SMALLEST_STEP)
    vertices, sizes = _lines(countries, step)
    lines = shapely.linestrings(vertices, indices=np.repeat(np.arange(len(sizes)), sizes))
    kept = shapely.simplify(lines, 0.5, preserve_topology=False)
    vertices = np.rint(shapely.get_coordinates(kept)).astype(np.int64)
    return {
        "step": step,
        "lines": packed(shapely.get_num_coordinates(kept).astype(np.int64)),
        "xs": packed(deltas(vertices[:, 0])),
        "ys": packed(deltas(vertices[:, 1])),
    }


def _lines(countries: CountrySet, step: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the vertices of lines, int64 (n, 2), and how many each has, >= 2."""
    features = np.array([feature for one in countries for feature in one.features], object)
    rings = shapely.get_rings(shapely.get_parts(features))
    coordinates, ring = shapely.get_coordinates(rings, return_index=True)
    at = np.rint(coordinates / step).astype(np.int64)
    _, vertex = np.unique(at @ np.array([1 << 32, 1]), return_inverse=True)
    a, b = vertex[:-1], vertex[1:]
    on_edge = np.abs(at) == np.rint(_EDGES / step)
    along_edge = (on_edge[1:] & on_edge[:-1]).any(axis=1)
    side = np.flatnonzero((ring[1:] == ring[:-1]) & (a != b) & ~along_edge)
    a, b = a[side], b[side]
    key = np.minimum(a, b) * (vertex.max(initial=0) + 1) + np.maximum(a, b)
    segment = side[np.sort(np.unique(key, return_index=True)[1])]
    # A line goes on as long as one kept side follows another.
    opens = np.append(True, segment[1:] != segment[:-1] + 1)[: len(segment)]
    line = np.cumsum(opens) - 1
    firsts = segment[opens]
    sizes = np.bincount(line, minlength=len(firsts)) + 1
    order = np.argsort(np.concatenate([line, np.arange(len(firsts)) - 0.5]), kind="stable")
    return at[np.concatenate([segment + 1, firsts])[order]], sizes
