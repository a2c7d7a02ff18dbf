"""Rings that touch, cross or overlap: told apart, repaired polygon by polygon, or taken as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
import shapely

from closedworld.errors import ConfigError, GeometryError
from closedworld.inputs.regions.country_reading import countries_from_features, read_countries
from closedworld.inputs.regions.repair import enclosed, repaired, unobserved
from closedworld.kernels.grid import Grid
from closedworld.kernels.inclusion import Fill
from closedworld.kernels.spans import region_spans
from closedworld.published.tile_index import open_index
from closedworld.stages.tiles.build import build_tile_index
from closedworld.stages.weights.build import build_tile_weights
from closedworld.worlds import open_world

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Write = Callable[..., Path]

GRID = Grid.from_resolution("0.5deg")
# No vertex or edge below meets a centre.
OFF = Grid(n_rows=53, n_cols=61, west=-0.13, north=12.17, cell_width=0.271, cell_height=0.263)
BOW = shapely.from_wkt("POLYGON ((0 0, 10 10, 10 0, 0 10, 0 0))")
TOUCHES = {
    "vertex on vertex": "POLYGON ((0 0, 10 0, 10 10, 5 5, 0 10, 0 5, 5 5, 0 0))",
    "vertex on edge": "POLYGON ((0 0, 10 0, 10 10, 5 0, 0 10, 0 0))",
    "hole in the ring": "POLYGON ((0 0, 10 0, 10 10, 0 10, 0 5, 4 7, 6 5, 4 3, 0 5, 0 0))",
    "eight": "POLYGON ((5 5, 0 0, 10 0, 5 5, 10 10, 0 10, 5 5))",
    "hole touching twice": "POLYGON ((0 0, 10 0, 10 10, 0 10, 0 0), (0 5, 5 3, 10 5, 5 7, 0 5))",
    "hole that touches itself": "POLYGON ((0 0, 10 0, 10 10, 0 10, 0 0), (2 2, 8 2, 5 4, 8 6, 2 6, 5 4, 2 2))",
}
WORSE = {
    "bow tie": BOW.wkt,
    "bow tie with a vertex where it crosses": "POLYGON ((0 0, 5 5, 10 10, 10 0, 5 5, 0 10, 0 0))",
    "spike": "POLYGON ((0 0, 10 0, 10 5, 15 5, 10 5, 10 10, 0 10, 0 0))",
    "corridor": "POLYGON ((0 0, 10 0, 10 10, 5 10, 5 8, 7 8, 7 4, 3 4, 3 8, 5 8, 5 10, 0 10, 0 0))",
    "twice round": "POLYGON ((0 0, 8 0, 8 8, 0 8, 0 0, 2 2, 6 2, 6 6, 2 6, 2 2, 0 0))",
    "parts with a common side": "MULTIPOLYGON (((0 0, 4 0, 4 9, 0 9, 0 0)), ((4 2, 9 2, 9 7, 4 7, 4 2)))",
}  # fmt: skip


def country(geometry: Any, **options: Any) -> Any:
    return countries_from_features([("EG", "Egypt", geometry)], **options)


@pytest.mark.parametrize("name", TOUCHES)
def test_a_ring_that_touches_itself_at_a_point_is_a_warning_and_changes_no_tile(name: str) -> None:
    """But for centres on a loop of the outer ring that becomes a hole: they are out; here none is on one."""
    shape = shapely.from_wkt(TOUCHES[name])
    assert not shape.is_valid
    found = country(shape)
    (note,) = found.notes
    assert (note.kind, note.iso) == ("touching", "EG")
    assert found.fill is None
    (feature,) = found["EG"].features
    assert feature.is_valid
    assert feature.area == pytest.approx(shape.area, rel=1e-15)
    for fill in Fill:
        assert region_spans([[feature]], OFF, "center") == region_spans(
            [[shape]], OFF, "center", fill
        )
    assert region_spans([[feature]], OFF, "any_overlap")[0].tile_count


@pytest.mark.parametrize("name", WORSE)
def test_what_is_worse_than_a_touch_is_refused_with_three_ways_out(name: str) -> None:
    with pytest.raises(GeometryError) as caught:
        country(shapely.from_wkt(WORSE[name]))
    assert caught.value.code == "geometry-invalid"
    assert "--repair-geometry" in caught.value.hint
    assert "--fill evenodd" in caught.value.hint


@pytest.mark.parametrize("fill", Fill)
@pytest.mark.parametrize("name", WORSE)
def test_a_fill_rule_takes_vertices_as_they_are(name: str, fill: Fill) -> None:
    shape = shapely.from_wkt(WORSE[name])
    found = country(shape, fill=fill.value)
    assert [note.kind for note in found.notes] == ["filled"]
    assert found.fill is fill
    (feature,) = found["EG"].features
    assert np.array_equal(shapely.get_coordinates(feature), shapely.get_coordinates(shape))


def test_valid_polygons_need_no_fill_rule_and_keep_their_identity() -> None:
    square = shapely.box(0, 0, 5, 5)
    assert country(square, fill="evenodd") == country(square)
    assert country(square, fill="evenodd").fill is None


def test_fill_and_repair_exclude_each_other_and_names_are_checked() -> None:
    for options, code in (
        ({"fill": "evenodd", "repair_geometry": True}, "fill-and-repair"),
        ({"fill": "oddeven"}, "fill-unknown"),
    ):
        with pytest.raises(ConfigError) as caught:
            country(BOW, **options)
        assert caught.value.code == code


@pytest.mark.parametrize("name", WORSE)
def test_polygons_of_a_fill_rule_hold_every_centre_of_its_tiles(name: str) -> None:
    """What GEOS makes of the rings, for points and pictures, against the exact tiles; no centre is near an edge."""
    shape = shapely.MultiPolygon(shapely.get_parts(shapely.from_wkt(WORSE[name])).tolist())
    for fill in Fill:
        made = enclosed(shape, fill)
        assert made.is_valid
        assert region_spans([[made]], OFF, "center") == region_spans([[shape]], OFF, "center", fill)


def test_the_fill_rule_is_part_of_the_identity_and_points_lie_inside(tmp_path: Path) -> None:
    """From polygons to points: a bow tie by either rule, and the file says by which."""
    overlapping = shapely.MultiPolygon([shapely.box(0, 0, 6, 6), shapely.box(4, 4, 10, 10)])
    hashes = {}
    for fill, tiles in (("evenodd", 4 * 64), ("nonzero", 4 * 68)):
        found = country(overlapping, fill=fill)
        built = build_tile_index(found, GRID, tmp_path / fill)
        assert built.world.spans["EG"].tile_count == tiles
        opened = open_index(tmp_path / fill).published
        assert opened.receipt.parameters["fill"] == fill
        hashes[fill] = opened.receipt.parameter_hash
        assert build_tile_index(found, GRID, tmp_path / fill).reused
    assert len(set(hashes.values())) == 2
    found = country(BOW, fill="nonzero")
    with pytest.raises(ConfigError) as caught:
        build_tile_index(found, GRID, tmp_path / "x", rule="any_overlap", coverage=True)
    assert caught.value.code == "fill-coverage"


def test_repair_changes_invalid_polygons_alone_and_says_how_many() -> None:
    islands = [shapely.box(20 + 2 * i, 0, 21 + 2 * i, 1) for i in range(5)]
    found = country(shapely.MultiPolygon([BOW, *islands]), repair_geometry=True)
    (note,) = found.notes
    assert "repaired 1 polygon, first Self-intersection at lon 5, lat 5" in note.message
    assert dict(note.figures)["polygons"] == 1
    (feature,) = found["EG"].features
    assert feature.is_valid
    kept = {polygon.wkb for polygon in feature.geoms}
    assert {island.wkb for island in islands} <= kept
    assert feature.area == pytest.approx(50 + 5)


@pytest.mark.parametrize("name", WORSE)
def test_repair_by_polygon_is_what_geos_makes_of_the_whole(name: str) -> None:
    shape = shapely.MultiPolygon(shapely.get_parts(shapely.from_wkt(WORSE[name])).tolist())
    (repair,) = repaired([shape], unobserved)
    wanted = shapely.make_valid(shape, method="structure", keep_collapsed=False)
    assert repair.geometry is not None
    assert repair.geometry.is_valid
    assert repair.geometry.symmetric_difference(wanted).area == pytest.approx(0, abs=1e-12)


def test_repair_unites_what_overlaps_and_tells_how_far_it_is() -> None:
    told: list[tuple[int, int]] = []
    bows = [shapely.affinity.translate(BOW, 12 * i, 0) for i in range(3)]
    overlapping = [
        shapely.box(0, 20, 4, 24),
        shapely.box(2, 22, 6, 26),
        shapely.box(30, 20, 31, 21),
    ]
    one, other = repaired(
        [shapely.MultiPolygon(bows), shapely.MultiPolygon(overlapping)],
        lambda done, total: told.append((done, total)),
    )
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert (one.n_polygons, other.n_polygons) == (3, 2)
    assert other.geometry is not None
    assert other.geometry.area == pytest.approx(16 + 16 - 4 + 1)


@pytest.mark.slow
def test_invalid_polygons_with_many_islands_are_repaired_in_seconds(write: Write) -> None:
    """OSM-like: thousands of islands of which some cross themselves; the whole would be noded as one."""
    draw = np.random.default_rng(7)
    islands = []
    for number in range(3000):
        x, y = 1.0 + number % 60 * 0.3, 1.0 + number // 60 * 0.3
        angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
        radius = 0.05 + 0.05 * draw.random(60)
        ring = np.column_stack([x + radius * np.cos(angles), y + radius * np.sin(angles)])
        if number % 50 == 0:
            ring[[10, 25]] = ring[[25, 10]]
        islands.append(shapely.Polygon(ring))
    shape = shapely.MultiPolygon(islands)
    path = write("w.gpkg", [("EG", "Egypt", shape)])
    (note,) = read_countries(path, repair_geometry=True).notes
    assert dict(note.figures)["polygons"] == 60
    grid = Grid.from_resolution("1m")
    exact, made = (
        region_spans([read_countries(path, **options)["EG"].features], grid, "center", fill)[0]
        for options, fill in (({"fill": "nonzero"}, "nonzero"), ({"repair_geometry": True}, None))
    )
    assert exact == made


def test_points_of_a_world_by_a_fill_rule(tmp_path: Path) -> None:
    found = country(shapely.MultiPolygon([BOW, shapely.box(3, 6, 7, 14)]), fill="evenodd")
    build_tile_index(found, GRID, tmp_path)
    build_tile_weights(open_index(tmp_path), tmp_path, basis="area_m2")
    points = open_world(tmp_path).sample(country="EG", n=300, seed=1, countries=found)
    table = pa.table(points)
    inside = enclosed(found["EG"].features[0], Fill.EVENODD)
    assert shapely.contains_xy(inside, table["lon"].to_numpy(), table["lat"].to_numpy()).all()
