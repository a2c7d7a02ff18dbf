"""How much of a region lies outside the grid: by hand, and against GEOS on real countries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely

from closedworld.inputs.reference.registry import bundled
from closedworld.inputs.regions.country_reading import read_countries
from closedworld.kernels.grid import Grid
from closedworld.kernels.tiles.summary import outside_share
from closedworld.stages.tiles.outcome import warn_of_cut

if TYPE_CHECKING:
    from numpy.typing import NDArray

EAST = Grid(20.0, 70.0, 1.0, 1.0, 20, 20)
NETHERLANDS = Grid(3.0, 54.0, 1 / 120, 1 / 120, 600, 480)


def sine(lat: float) -> float:
    return float(np.sin(np.radians(lat)))


@pytest.mark.parametrize(
    ("box", "grid", "share"),
    [
        ((30, 50, 60, 60), EAST, 2 / 3),
        ((22, 60, 30, 68), EAST, 0),
        ((20, 50, 40, 70), EAST, 0),
        ((0, 0, 1, 1), EAST, 1),
        ((390, 50, 420, 60), EAST, 2 / 3),
        ((-330, 50, -300, 60), EAST, 2 / 3),
        ((25, 60, 35, 80), EAST, (sine(80) - sine(70)) / (sine(80) - sine(60))),
        ((170, 0, 190, 10), Grid(-180.0, 90.0, 1.0, 1.0, 360, 180), 0),
        ((170, 0, 190, 10), Grid(0.0, 90.0, 1.0, 1.0, 180, 180), 0.5),
        (
            (0, -90, 10, -60),
            Grid(-180.0, 90.0, 1.0, 1.0, 360, 179),
            (1 - sine(89)) / (1 - sine(60)),
        ),
    ],
)
def test_shares_of_boxes(box: tuple[float, ...], grid: Grid, share: float) -> None:
    found = outside_share([shapely.MultiPolygon([shapely.box(*box)])], grid)
    assert found == (share if share in {0, 1} else pytest.approx(share, abs=1e-9))


@pytest.mark.parametrize("mirrored", [False, True])
def test_the_share_of_a_triangle(*, mirrored: bool) -> None:
    """Its upper side falls from 51 degrees at longitude 39.5 to 50 at 40.5; the integral of its sine is known."""

    def west_of(lon: float) -> float:
        under = np.degrees(np.cos(np.radians(90.5 - lon)) - np.cos(np.radians(51)))
        return float(under - (lon - 39.5) * sine(50))

    corners = [(39.5, 50), (40.5, 50), (39.5, 51)]
    corners = corners[::-1] if mirrored else corners
    found = outside_share([shapely.MultiPolygon([shapely.Polygon(corners)])], EAST)
    assert found == pytest.approx(1 - west_of(40) / west_of(40.5), abs=1e-8)


def test_holes_take_away_and_rings_may_run_either_way() -> None:
    ring, hole = shapely.box(30, 50, 50, 60).exterior, shapely.box(32, 52, 38, 58).exterior
    for one, other in ((ring, hole), (ring.reverse(), hole), (ring, hole.reverse())):
        within = 100 * 1 - 6 * (sine(58) - sine(52)) / (sine(60) - sine(50)) * 10
        share = 1 - within / (within + 100)
        polygon = shapely.MultiPolygon([shapely.Polygon(one, [other])])
        assert outside_share([polygon], EAST) == pytest.approx(share, abs=1e-9)


INSIDE, BESIDE = (
    (25, 55, 30, 60),
    {
        "west": (5, 55, 10, 60),
        "east": (45, 55, 50, 60),
        "north": (25, 75, 30, 80),
        "south": (25, 35, 30, 40),
    },
)


@pytest.mark.parametrize("side", BESIDE)
@pytest.mark.parametrize("order", [1, -1])
def test_every_feature_counts(side: str, order: int) -> None:
    """One lies wholly in the grid, one wholly beside it."""
    features = [shapely.MultiPolygon([shapely.box(*one)]) for one in (INSIDE, BESIDE[side])]
    areas = [
        (east - west) * (sine(north) - sine(south))
        for west, south, east, north in (INSIDE, BESIDE[side])
    ]
    found = outside_share(features[::order], EAST)
    assert found == pytest.approx(areas[1] / sum(areas), abs=1e-9)


def disc(lon: float, lat: float, radius: float) -> shapely.MultiPolygon:
    return shapely.MultiPolygon([shapely.Point(lon, lat).buffer(radius, quad_segs=5)])


@pytest.mark.parametrize("west", [-180.0, 0.0, 100.25, -33.3])
def test_a_grid_that_goes_round_cuts_nothing_off(west: float) -> None:
    """Exactly nothing, not a rounding of it."""
    grid = Grid(west, 80.0, 1.0, 1.0, 360, 160)
    for step in range(40):
        region = [disc(-180 + 9.1 * step, 60 - 3.1 * step, 1.3 + step / 3)]
        assert outside_share(region, grid) == 0.0


def test_what_touches_all_sides_of_the_grid_is_not_cut() -> None:
    for step in range(1, 12):
        corners = [(20, 50 + step), (40 - step, 50), (40, 70 - step / 3), (20 + step / 7, 70)]
        assert outside_share([shapely.MultiPolygon([shapely.Polygon(corners)])], EAST) == 0.0
        assert outside_share([disc(30 + step / 9, 60 + step / 7, 8.0)], EAST) == 0.0


def test_a_grid_that_lacks_a_column_does_not_go_round() -> None:
    grid = Grid(-180.0, 90.0, 1.0, 1.0, 359, 180)
    missing = shapely.MultiPolygon([shapely.box(179.25, 10, 179.75, 20)])
    assert outside_share([missing], grid) == 1.0


@pytest.mark.parametrize("radius", [2.0, 5.0, 9.5])
def test_what_four_grids_hold_of_a_region_adds_up_to_the_whole(radius: float) -> None:
    """Round the corner in which they meet; its edges cross their sides in every direction."""
    region = [disc(40.0, 50.0, radius), disc(41.0, 50.3, 0.2)]
    shares = [
        1 - outside_share(region, Grid(west, north, 1.0, 1.0, 20, 20))
        for west in (20.0, 40.0)
        for north in (70.0, 50.0)
    ]
    assert sum(shares) == pytest.approx(1, abs=1e-7)
    halves = [
        1 - outside_share([disc(40, 60, radius)], Grid(w, 75, 1, 1, 20, 30)) for w in (20, 40)
    ]
    assert halves == pytest.approx([0.5, 0.5], abs=1e-12)


def wedge(south: float, north: float, *, falls: bool) -> float:
    """Return the area between two parallels of a wedge that widens by half a degree per degree from its tip.

    The tip is at 40 degrees, or at 60 of one that falls; the integral of its width over sines is known.
    """

    def until(lat: float) -> float:
        width = (60 - lat) / 2 if falls else (lat - 40) / 2
        slope = -0.5 if falls else 0.5
        return float(width * sine(lat) + slope * np.degrees(np.cos(np.radians(lat))))

    return until(north) - until(south)


@pytest.mark.parametrize("falls", [False, True])
@pytest.mark.parametrize(
    "corners", [[42, 44, 46, 48, 49.5, 51, 53, 54.5, 56, 58], [43, 46, 49, 56, 58]], ids=str
)
@pytest.mark.parametrize(("south", "north"), [(50, 55), (50, 60), (40, 55), (52, 53)])
def test_slanted_edges_are_cut_where_they_cross_the_parallels_of_the_grid(
    south: float, north: float, corners: list[float], *, falls: bool
) -> None:
    """One side after the other, or both by one edge."""
    side = [(25 + ((60 - lat) if falls else (lat - 40)) / 2, lat) for lat in (40, *corners, 60)]
    whole = shapely.Polygon([*side, (25, 60), (25, 40)])
    grid = Grid(20.0, north, 1.0, 1.0, 20, int(north - south))
    share = 1 - wedge(south, north, falls=falls) / wedge(40, 60, falls=falls)
    found = outside_share([shapely.MultiPolygon([shapely.make_valid(whole)])], grid)
    assert found == pytest.approx(share, abs=2e-6)


def test_an_empty_ring_has_no_area() -> None:
    rings = "((30 50, 60 50, 60 60, 30 60, 30 50), EMPTY)"
    polygon = shapely.from_wkt(f"MULTIPOLYGON ({rings}, EMPTY)")
    assert outside_share([polygon], EAST) == pytest.approx(2 / 3, abs=1e-9)


def on_sphere(lon_lat: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack([lon_lat[:, 0], np.sin(np.radians(lon_lat[:, 1]))])


@pytest.mark.slow
@pytest.mark.parametrize("grid", [NETHERLANDS, EAST, Grid(100.0, 10.0, 0.5, 0.5, 100, 100)])
def test_shares_of_real_countries_are_those_of_geos(grid: Grid) -> None:
    frame = shapely.box(grid.west, grid.south, grid.east, grid.north)
    cut = 0
    for country in read_countries(bundled("countries.parquet").path):
        whole = shapely.union_all(country.features)
        within = shapely.intersection(shapely.segmentize(whole, 0.5), frame)
        areas = [
            shapely.transform(shapely.segmentize(one, 0.5), on_sphere).area if one.area else 0.0
            for one in (within, whole)
        ]
        share = 1 - areas[0] / areas[1]
        assert outside_share(country.features, grid) == pytest.approx(share, abs=2e-4), country.iso
        cut += 0.001 < share < 0.999
    assert cut >= 2


def test_the_warning_names_who_is_cut_most_and_leaves_slivers_alone() -> None:
    warned = warn_of_cut({"AA": 0.5, "BB": 0.0005, "CC": 1.0, "DD": 0.9, "EE": 0.0})
    assert warned is not None
    assert warned.code == "countries-cut"
    assert "2 countries are cut" in warned.message
    assert "DD (90.0% outside), AA (50.0% outside)" in warned.message
    assert warn_of_cut({"BB": 0.0005, "CC": 1.0}) is None
