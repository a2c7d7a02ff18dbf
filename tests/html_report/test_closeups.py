"""Which countries are shown from near, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely

from closedworld.errors import ConfigError
from closedworld.html_report.closeups import choose_countries, close_ups
from closedworld.inputs.regions.country_reading import countries_from_features
from closedworld.inputs.regions.country_set import CountrySet
from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import RowSpans, Rule
from closedworld.maps import draw_closeup

if TYPE_CHECKING:
    from pathlib import Path

GRID = Grid.from_resolution("1deg")


def countries(**shapes: shapely.Geometry) -> CountrySet:
    return countries_from_features([(iso, iso, shape) for iso, shape in shapes.items()])


def spans_of(**shapes: shapely.Geometry) -> dict[str, RowSpans]:
    found = {iso: RowSpans.from_polygon(shape, GRID, Rule.CENTER) for iso, shape in shapes.items()}
    return {iso: own for iso, own in found.items() if own.n_runs}


def test_two_whole_countries_one_long_border_and_one_without_tiles_are_chosen() -> None:
    spans = spans_of(
        LU=shapely.box(0, 0, 3, 3),
        BE=shapely.box(10, 0, 20, 8),
        NL=shapely.box(30, 0, 36, 6),
        RU=shapely.box(40, 0, 170, 60),
    )
    tiles = {iso: own.tile_count for iso, own in spans.items()} | {"MC": 0, "VA": 0}
    assert choose_countries(tiles, spans) == ["BE", "NL", "RU", "MC"]
    assert choose_countries({}, {}) == []


def test_a_small_country_is_shown_whole() -> None:
    (one,) = close_ups(countries(LU=shapely.box(5.2, 49.3, 8.6, 52.4)), ["lu"], GRID)
    assert one.is_whole
    box = shapely.box(one.window.west, one.window.south, one.window.east, one.window.north)
    assert box.contains(one.border)


def test_a_large_country_is_shown_where_the_rules_differ_most() -> None:
    """Straight sides on the lattice differ nowhere; the saw teeth in the west do."""
    teeth = [(10 + 0.7 * (i % 2), 0.5 * i) for i in range(80)]
    shape = shapely.Polygon([(100, 0), *teeth, (100, 40)])
    (one,) = close_ups(countries(RU=shape), ["RU"], GRID)
    assert not one.is_whole
    assert one.window.west < 10 < one.window.east < 60


@pytest.mark.parametrize(("lon", "lat"), [(0, -88), (178, -80), (-179, 0), (0, 70), (-179, 86)])
def test_every_place_on_earth_can_be_drawn(lon: float, lat: float, tmp_path: Path) -> None:
    """Near the poles, where tiles are narrow, and beside the seam of the grid."""
    shape = shapely.box(lon - 0.9, lat - 0.9, lon + 0.9, lat + 0.9)
    (one,) = close_ups(countries(AQ=shape), ["AQ"], GRID)
    path = tmp_path / "x.png"
    draw_closeup(one.center, one.any_overlap, one.border, one.window, path)
    assert path.read_bytes()


def test_a_country_off_the_grid_is_refused() -> None:
    europe = Grid(-10.0, 70.0, 1.0, 1.0, 40, 40)
    with pytest.raises(ConfigError, match="closeup-off-grid"):
        close_ups(countries(AU=shapely.box(120, -30, 140, -20)), ["AU"], europe)


def test_the_order_asked_for_is_kept() -> None:
    both = countries(LU=shapely.box(0, 0, 3, 3), BE=shapely.box(10, 0, 14, 4))
    assert [one.country.iso for one in close_ups(both, ["LU", "be", "LU"], GRID)] == ["LU", "BE"]
    assert np.isfinite(close_ups(both, ["BE"], GRID)[0].window.west)


def test_a_country_off_the_grid_fails_only_where_it_is_asked_for() -> None:
    """Its box meets the grid, though none of it does."""
    corner = shapely.Polygon([(41, 71), (41, 40), (10, 71)])
    grid = Grid(20.0, 50.0, 1.0, 1.0, 2, 2)
    known = countries(RU=corner, FI=shapely.box(20, 48, 22, 50))
    found = close_ups(known, ["RU", "FI"], grid, are_asked_for=False)
    assert [one.country.iso for one in found] == ["FI"]
    with pytest.raises(ConfigError, match="closeup-off-grid"):
        close_ups(known, ["RU", "FI"], grid)
