"""A tiny world: a dozen made-up countries, one for each thing that goes wrong at full size."""

from __future__ import annotations

from typing import NamedTuple

import shapely

from closedworld.kernels.grid import Grid


class TinyCountry(NamedTuple):
    """A made-up country.

    Attributes:
        iso: ISO 3166-1 alpha-2 code; a real one, so that it is in code tables, although the shape is not.
        name: What is special about it.
        geometry: Valid polygon or multipolygon, degrees.
    """

    iso: str
    name: str
    geometry: shapely.Polygon | shapely.MultiPolygon


def tiny_grid(cell: float = 0.5) -> Grid:
    """Return a grid of square cells on -180..180 and 60..-60; ``AQ`` lies outside it.

    Args:
        cell: Cell size, degrees; should divide 60.
    """
    return Grid(-180.0, 60.0, cell, cell, round(360 / cell), round(120 / cell))


def tiny_countries() -> list[TinyCountry]:
    """Return the countries, ordered by code; each is valid and lies in -180..190."""
    box, multi = shapely.box, shapely.MultiPolygon
    lake = [(31.0, 1.0), (31.0, 9.0), (39.0, 9.0), (39.0, 1.0)]
    islands = [
        box(73.0 + 0.7 * i, -5.0 + 0.9 * j, 73.0 + 0.7 * i + 0.3, -5.0 + 0.9 * j + 0.4)
        for i in range(6)
        for j in range(9)
    ]
    triangle = shapely.Polygon([(-60.0, -30.0), (-50.0, -30.0), (-55.25, -17.75)])
    return [
        TinyCountry("AQ", "Off the grid", box(0.0, -80.0, 40.0, -70.0)),
        TinyCountry("AR", "Triangle", triangle),
        TinyCountry("BO", "Square north of the triangle, one corner shared", box(-55.25, -17.75, -50.0, -10.0)),
        TinyCountry("FJ", "Runs on past 180", box(170.0, -20.0, 190.0, -15.0)),
        TinyCountry("FR", "Square on cell edges", box(0.0, 40.0, 5.0, 45.0)),
        TinyCountry("IN", "Overlaps its western neighbour", box(70.0, 20.0, 80.0, 30.0)),
        TinyCountry("LS", "Fills the hole of another", box(22.0, -33.0, 24.0, -31.0)),
        TinyCountry("MV", "Many islands", multi(islands)),
        TinyCountry("PH", "An island in a lake", multi([
            shapely.Polygon(box(30.0, 0.0, 40.0, 10.0).exterior, [lake]),
            box(33.25, 3.25, 36.75, 6.75),
        ])),
        TinyCountry("PK", "Overlaps its eastern neighbour", box(60.0, 24.0, 72.0, 32.0)),
        TinyCountry("RU", "Split at 180", multi([
            box(170.0, 50.0, 180.0, 55.0), box(-180.0, 50.0, -170.0, 55.0),
        ])),
        TinyCountry("VA", "Smaller than a cell, no centre in it", box(12.55, 41.55, 12.6, 41.6)),
        TinyCountry("ZA", "Has a hole that another fills", shapely.Polygon(
            box(18.0, -36.0, 30.0, -28.0).exterior,
            [[(22.0, -33.0), (22.0, -31.0), (24.0, -31.0), (24.0, -33.0)]],
        )),
    ]  # fmt: skip
