"""The three ways to say "across 180" are one; what cannot be one is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from effort import examples
from hypothesis import given
from hypothesis import strategies as st

from closedworld.errors import GeometryError
from closedworld.inputs.regions.antimeridian import unwrap
from closedworld.inputs.regions.country_reading import countries_from_features
from closedworld.inputs.regions.country_set import Country

# 20 degrees across the antimeridian with a hole across it.
RUNNING_ON = shapely.Polygon(
    [(170, 50), (190, 50), (190, 60), (170, 60)],
    [[(178, 54), (182, 54), (182, 56), (178, 56)]],
)
JUMPING = shapely.Polygon(
    [(170, 50), (-170, 50), (-170, 60), (170, 60)],
    [[(178, 54), (-178, 54), (-178, 56), (178, 56)]],
)
SPLIT = shapely.MultiPolygon(
    [
        shapely.Polygon(
            [(170, 50), (180, 50), (180, 54), (178, 54), (178, 56), (180, 56), (180, 60), (170, 60)]
        ),
        shapely.Polygon(
            [(-180, 50), (-170, 50), (-170, 60), (-180, 60), (-180, 56), (-178, 56), (-178, 54),
             (-180, 54)]
        ),
    ]
)  # fmt: skip


def country(geometry: Any) -> Country:
    (only,) = countries_from_features([("FJ", "Fiji", geometry)])
    return only


def moved(geometry: shapely.Geometry, degrees: float) -> Any:
    return shapely.transform(geometry, lambda xy: xy + np.array([degrees, 0.0]))


def wrapped(geometry: shapely.Geometry) -> Any:
    """Bring each longitude to -180..180 by itself, as careless software does."""

    def wrap(xy: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        lon = np.where(xy[:, 0] > 180, xy[:, 0] - 360, xy[:, 0])
        return np.column_stack([np.where(lon < -180, lon + 360, lon), xy[:, 1]])

    return shapely.transform(geometry, wrap)


def test_rings_that_jump_become_the_polygon_that_runs_on() -> None:
    assert country(JUMPING).features == (shapely.MultiPolygon([RUNNING_ON]),)


def test_unwrapped_and_split_cover_the_same_places() -> None:
    (jumping,) = country(JUMPING).features
    (split,) = country(SPLIT).features
    east, west = split.geoms
    together = shapely.union(east, moved(west, 360))
    assert together.equals(jumping)


def test_split_and_running_on_are_left_as_they_are() -> None:
    assert country(SPLIT).features == (SPLIT,)
    assert country(RUNNING_ON).features == (shapely.MultiPolygon([RUNNING_ON]),)
    far_west = moved(RUNNING_ON, -360)
    assert country(far_west).features == (shapely.MultiPolygon([far_west]),)


def test_unwrapping_is_noted_with_the_number_of_edges() -> None:
    (note,) = countries_from_features([("FJ", "Fiji", JUMPING)]).notes
    # Two edges of the outer ring and two of the hole.
    assert (note.kind, note.iso, dict(note.figures)) == ("unwrapped", "FJ", {"edges": 4})
    assert countries_from_features([("FJ", "Fiji", SPLIT)]).notes == ()


@pytest.mark.parametrize("start", range(4))
def test_the_result_does_not_depend_on_the_first_vertex(start: int) -> None:
    corners = [(170, 50), (-170, 50), (-170, 60), (170, 60)]
    ring = corners[start:] + corners[:start]
    (feature,) = country(shapely.Polygon(ring)).features
    assert feature.bounds == (170, 50, 190, 60)


@pytest.mark.parametrize("hole_at", [172, -178])
def test_holes_on_either_side_follow_their_outer_ring(hole_at: float) -> None:
    outer = shapely.get_coordinates(JUMPING.exterior)
    hole = shapely.box(hole_at, 52, hole_at + 1, 53).exterior
    (feature,) = country(shapely.Polygon(outer, [hole])).features
    assert feature.area == 200 - 1
    assert shapely.get_rings(feature.geoms[0])[1].bounds[0] == hole_at % 360


def test_only_the_part_that_jumps_is_moved() -> None:
    mainland = shapely.box(100, 0, 110, 10)
    jumping = shapely.Polygon([(179, 20), (-179, 20), (-179, 21), (179, 21)])
    (feature,) = country(shapely.MultiPolygon([mainland, jumping])).features
    assert [part.bounds for part in feature.geoms] == [(100, 0, 110, 10), (179, 20, 181, 21)]


def test_vertices_on_the_antimeridian_itself() -> None:
    ring = [(170, 0), (-180, 0), (-170, 0), (-170, 10), (180, 10), (170, 10)]
    (feature,) = country(shapely.Polygon(ring)).features
    assert feature.bounds == (170, 0, 190, 10)
    assert feature.area == 200


def test_edges_of_half_and_of_whole_turns_are_no_jumps() -> None:
    for box in [(-90, 0, 90, 1), (-180, -90, 180, -80), (-180, -80, 180, 80)]:
        assert country(shapely.box(*box)).features[0].bounds == box


def test_antarctica_closed_along_the_pole_is_left_as_it_is() -> None:
    """Also with the rounding that Natural Earth's ends carry."""
    for west in (-180.0, -179.99999999999991):
        coast = [(180, -84), (90, -70), (0, -75), (-90, -70), (west, -84)]
        antarctica = shapely.Polygon([*coast, (west, -90), (180, -90)])
        assert country(antarctica).features == (shapely.MultiPolygon([antarctica]),)


def test_antarctica_cut_short_of_180_is_closed_along_the_pole_as_well() -> None:
    coast = [(179.9, -84), (90, -70), (0, -75), (-90, -70), (-179.9, -84)]
    antarctica = shapely.Polygon([*coast, (-179.9, -90), (179.9, -90)])
    assert unwrap(antarctica).geometry is antarctica


def test_a_wedge_at_the_pole_across_180_is_unwrapped() -> None:
    wedge = shapely.Polygon([(170, -80), (-170, -80), (-170, -90), (170, -90)])
    assert country(wedge).features[0].bounds == (170, -90, 190, -80)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_ring_round_a_pole_is_refused_with_what_to_do(sign: int) -> None:
    lons = [-150, -90, -30, 30, 90, 150][::sign]
    with pytest.raises(GeometryError, match="goes round a pole") as caught:
        country(shapely.Polygon([(lon, -70) for lon in lons]))
    assert caught.value.code == "ring-round-pole"
    assert "-180 -90" in caught.value.hint


def test_parts_that_cover_a_place_twice_only_round_the_globe_are_refused() -> None:
    """185 and -175 are one place, so the even-odd rule would make a hole of it."""
    twice = shapely.MultiPolygon([shapely.box(170, 0, 190, 10), shapely.box(-178, 5, -160, 8)])
    with pytest.raises(GeometryError) as caught:
        country(twice)
    assert caught.value.code == "geometry-overlaps-itself"
    with pytest.raises(GeometryError) as caught:
        country(shapely.box(-180, 0, 185, 10))
    assert caught.value.code == "geometry-overlaps-itself"


def test_parts_that_only_touch_round_the_globe_are_fine() -> None:
    touching = shapely.MultiPolygon([shapely.box(170, 0, 190, 10), shapely.box(-170, 0, -160, 10)])
    assert country(touching).features == (touching,)


def test_rings_that_are_invalid_only_before_unwrapping_are_fine() -> None:
    ring = [(179, 0), (-179, 1), (179, 2), (178, 2), (178, 0)]
    assert country(shapely.Polygon(ring)).features[0].is_valid


def test_rings_that_are_invalid_only_after_unwrapping_are_refused() -> None:
    """In the plane a C, on the globe an edge that crosses the ring."""
    ring = [(179, 0), (-179, 2), (-179, 0), (179, 2)]
    with pytest.raises(GeometryError, match="lon 180, lat 1") as caught:
        country(shapely.Polygon(ring))
    assert caught.value.code == "geometry-invalid"


@st.composite
def polygons_across_180(draw: st.DrawFn) -> shapely.Polygon:
    """Star-shaped polygons with a hole around a centre near 180, no edge as long as half a turn.

    Longitudes lie on a lattice of 2^-20 degrees, so that adding 360 is exact.
    """
    center = draw(st.integers(150, 210)) + draw(st.integers(0, 2**20)) / 2**20
    n = draw(st.integers(3, 12))
    radii = draw(st.lists(st.floats(1, 60), min_size=n, max_size=n))
    angles = np.arange(n) * 2 * np.pi / n
    star = np.column_stack([np.cos(angles), np.sin(angles)]) * np.array(radii)[:, None]
    outer = np.round(star * 2**20) / 2**20
    hole = np.round(0.25 * star * 2**20) / 2**20
    at = np.array([center, 0.0])
    return shapely.Polygon(outer + at, [hole + at] if draw(st.booleans()) else [])


@given(polygons_across_180())
@examples(200)
def test_unwrapping_undoes_wrapping_exactly(polygon: shapely.Polygon) -> None:
    unwrapped = unwrap(wrapped(polygon)).geometry
    west = polygon.bounds[0]
    # As given when nothing jumped, else with the west end in -180..180.
    turns = round((unwrapped.bounds[0] - west) / 360)
    assert unwrapped == moved(polygon, 360.0 * turns)
    if unwrap(wrapped(polygon)).n_jumps:
        assert -180 <= unwrapped.bounds[0] < 180


@given(polygons_across_180(), st.integers(0, 11))
@examples(100)
def test_unwrapping_does_not_depend_on_the_first_vertex(
    polygon: shapely.Polygon, start: int
) -> None:
    ring = shapely.get_coordinates(wrapped(polygon).exterior)[:-1]
    turned = np.roll(ring, start, axis=0)
    first, second = (unwrap(shapely.Polygon(r)).geometry for r in (ring, turned))
    assert shapely.normalize(first) == shapely.normalize(second)
