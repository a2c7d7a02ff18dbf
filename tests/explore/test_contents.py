"""What the page holds: every run, borders to their tolerance, weights to theirs, and what was left out."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

import closedworld as cw
from closedworld.errors import ConfigError
from closedworld.explore.borders import STEPS_PER_CELL, packed_borders
from closedworld.explore.packing import packed
from closedworld.explore.points import packed_lives
from closedworld.explore.tiles import bounds_of, packed_runs
from closedworld.explore.weights import Overview, packed_overviews
from closedworld.explore.writing import map_page
from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import RowSpans
from closedworld.published.polygons import polygons_of
from closedworld.sanitize import byte_size

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

pytestmark = pytest.mark.slow

GRID = Grid.from_resolution("10deg")


def unpacked(text: str) -> NDArray[np.int64]:
    """Return integers as ``page/codec.js`` reads them, written another way."""
    raw = zlib.decompress(base64.b64decode(text))
    n_bytes, planes = raw[0], raw[1:]
    count = len(planes) // n_bytes
    zigzag = [
        int.from_bytes(planes[i::count][:n_bytes], "little") if count else 0 for i in range(count)
    ]
    return np.array([z // 2 if z % 2 == 0 else -(z + 1) // 2 for z in zigzag], np.int64)


def data_of(html: str) -> Any:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


@given(st.lists(st.integers(-(2**31) + 1, 2**31 - 1)))
def test_integers_come_back(values: list[int]) -> None:
    assert unpacked(packed(np.array(values, np.int64))).tolist() == values


def test_an_integer_too_large_is_refused() -> None:
    with pytest.raises(ValueError, match="31 bits"):
        packed(np.array([2**31]))


@given(st.lists(st.sets(st.integers(0, GRID.n_tiles - 1)), min_size=1, max_size=4))
def test_runs_come_back(sets: list[set[int]]) -> None:
    """Read as ``page/tiles.js`` does."""
    spans = [
        RowSpans.from_runs(GRID, np.array([i // 36 for i in ids]), np.array([i % 36 for i in ids]), np.array([i % 36 + 1 for i in ids]))
        for ids in sets
    ]  # fmt: skip
    text = packed_runs(spans)
    counts, rows, starts, lengths = (
        unpacked(text[name]).tolist() for name in ("runs", "rows", "starts", "lengths")
    )
    run = 0
    for own, count in zip(spans, counts, strict=True):
        row = above = stop = 0
        found = []
        for i in range(count):
            if i == 0 or rows[run] > 0:
                start = above = above + starts[run]
            else:
                start = stop + starts[run]
            row, stop = row + rows[run], start + lengths[run]
            found.append((row, start, stop))
            run += 1
        expected = zip(own.rows.tolist(), own.col_starts.tolist(), own.col_stops.tolist(), strict=True)  # fmt: skip
        assert found == list(expected)
    assert run == len(rows)


def boxes(*cells: tuple[int, int]) -> RowSpans:
    rows, cols = np.array(cells).T
    return RowSpans.from_runs(GRID, rows, cols, cols + 2)


def test_a_country_across_the_antimeridian_is_found_there_not_round_the_globe() -> None:
    edges = {"west": 160.0, "east": 200.0, "south": 40.0, "north": 50.0}
    assert bounds_of([boxes((4, 0), (4, 34))]) == edges
    assert bounds_of([boxes((4, 0)), boxes((4, 34))]) == edges
    apart = {"west": -130.0, "east": -70.0, "south": 20.0, "north": 60.0}
    assert bounds_of([boxes((3, 5), (6, 9))]) == apart


def test_what_goes_round_the_globe_is_the_whole_globe() -> None:
    spans = boxes(*((3, col) for col in range(0, 36, 4)))
    assert bounds_of([spans]) == bounds_of([]) == bounds_of([RowSpans.empty(GRID)])
    assert bounds_of([])["east"] - bounds_of([])["west"] == 360


def test_borders_are_where_they_are_said_to_be(center: cw.PublishedWorld) -> None:
    """Every vertex of the polygons but those on the edges of the map lies within the tolerance of a line, and the other way."""
    countries = polygons_of(center.index.published, None)
    cell = 1 / 120
    content = packed_borders(countries, cell)
    xs, ys = (np.cumsum(unpacked(content[name])) * content["step"] for name in ("xs", "ys"))
    sizes = unpacked(content["lines"])
    lines = shapely.linestrings(
        np.column_stack([xs, ys]), indices=np.repeat(np.arange(len(sizes)), sizes)
    )
    features = [feature for one in countries for feature in one.features]
    rings = shapely.get_rings(shapely.get_parts(features))
    vertices = shapely.get_coordinates(rings)
    on_edge = np.abs(np.abs(vertices) - [180, 90]) <= cell
    vertices = vertices[~on_edge.any(axis=1)]
    tolerance = cell / 27
    points = shapely.points(vertices[::60])
    _, distance = shapely.STRtree(lines).query_nearest(points, return_distance=True, all_matches=False)  # fmt: skip
    assert distance.max() <= tolerance
    mids = shapely.points(np.column_stack([xs, ys])[::60])
    _, distance = shapely.STRtree(rings).query_nearest(mids, return_distance=True, all_matches=False)  # fmt: skip
    assert distance.max() <= tolerance
    assert STEPS_PER_CELL >= 27


def test_a_border_of_two_countries_is_drawn_once() -> None:
    left, right = shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)
    countries = cw.countries_from_features([("DE", "", left), ("FR", "", right)])
    content = packed_borders(countries, 0.1)
    xs, ys = (np.cumsum(unpacked(content[name])) * content["step"] for name in ("xs", "ys"))
    sizes = unpacked(content["lines"])
    lines = shapely.linestrings(np.column_stack([xs, ys]), indices=np.repeat(np.arange(len(sizes)), sizes))  # fmt: skip
    assert shapely.length(lines).sum() == pytest.approx(7)


def test_edges_of_the_map_are_no_borders() -> None:
    """Where a polygon is cut at the antimeridian or ends at the pole, no line is drawn."""
    south = shapely.Polygon([(-180, -90), (-180, -60), (0, -70), (180, -60), (180, -90)])
    content = packed_borders(cw.countries_from_features([("AQ", "", south)]), 1.0)
    xs, ys = (np.cumsum(unpacked(content[name])) * content["step"] for name in ("xs", "ys"))
    assert sorted(zip(xs.tolist(), ys.tolist(), strict=True)) == [(-180, -60), (0, -70), (180, -60)]


def test_weights_come_back_to_the_precision_that_is_stated(center: cw.PublishedWorld) -> None:
    (weights,) = data_of(center.explore(country="LS").html)["weights"]
    codes = np.frombuffer(zlib.decompress(base64.b64decode(weights["cells"]["LS"])), np.uint8)  # fmt: skip
    half = len(codes) // 2
    code = codes[:half].astype(float) * 256 + codes[half:]
    found = np.exp((code - 1) / 65534 * np.log(weights["total"]))
    truth = np.concatenate(list(center.cumulative_weights()["LS"].tile_weights()))
    np.testing.assert_allclose(found, truth, rtol=3e-4)
    assert list(weights["cells"]) == ["LS"]


def test_the_picture_of_weights_has_the_mean_of_each_block(center: cw.PublishedWorld) -> None:
    """In blocks of one tile here: the share of its country per km2, to the step of a byte."""
    (packed,) = data_of(center.explore().html)["weights"]
    overview = packed["overview"]
    codes = np.frombuffer(zlib.decompress(base64.b64decode(overview["codes"])), np.uint8)
    assert overview["block"] == 1
    assert len(codes) == center.index.grid.n_tiles
    spans = center.index.spans["LS"]
    weights = np.concatenate(list(center.cumulative_weights()["LS"].tile_weights()))
    rows, _ = center.index.grid.row_col(spans.tile_ids())
    km2 = cw.tile_areas_m2(center.index.grid)[rows] / 1e6
    truth = weights / packed["total"] / km2
    code = codes[spans.tile_ids().astype(int)]
    step = (overview["highest"] - overview["lowest"]) / 254
    found = 10 ** (overview["lowest"] + (code - 1.0) * step)
    np.testing.assert_allclose(np.log10(found), np.log10(truth), atol=step)


@pytest.mark.parametrize(
    ("densities", "lowest", "highest", "top", "ticks"),
    [
        ([0.0, 3.0, 20.0, 4500.0], 0, 4, 8000.0, 5),
        # Seven decades are eight, so that every second one has a number; a hundredth is above the linear scale.
        ([0.002] + [3.0] * 200 + [27_300.0], -3, 5, 4.0, 5),
        # What is below eight decades has the lowest colour.
        ([1e-9, 90.0], -6, 2, 100.0, 5),
        ([7.0, 7.0], 0, 1, 8.0, 2),
        ([0.0, 0.0], -1, 0, 1.0, 2),
    ],
)
def test_scales_of_colours_go_from_one_power_of_ten_to_another(
    densities: list[float], lowest: int, highest: int, top: float, ticks: int
) -> None:
    (found,) = packed_overviews([Overview(1, np.array([densities]))])
    scale = [found[name] for name in ("lowest", "highest", "top", "ticks")]
    assert scale == [lowest, highest, pytest.approx(top), ticks]
    codes = np.frombuffer(zlib.decompress(base64.b64decode(found["codes"])), np.uint8)
    for code, density in zip(codes.tolist(), densities, strict=True):
        level = (np.log10(max(density, 1e-300)) - lowest) / (highest - lowest)
        assert code == (0 if density == 0 else 1 + round(254 * min(1, max(0, level))))


def test_two_worlds_have_weights_on_one_scale(
    center: cw.PublishedWorld, reseeded: cw.PublishedWorld
) -> None:
    page = center.explore(beside=reseeded, country="LS")
    a, b = data_of(page.html)["weights"]
    for name in ("block", "lowest", "highest", "top"):
        assert a["overview"][name] == b["overview"][name]
    assert a["overview"]["codes"] != b["overview"]["codes"]
    assert list(a["cells"]) == list(b["cells"]) == ["LS"]
    assert a["cells"] != b["cells"]
    assert page.notes == (*center.explore(country="LS").notes,)


def test_what_cannot_be_compared_is_left_out_and_said(
    center: cw.PublishedWorld, reseeded: cw.PublishedWorld, tmp_path: Path
) -> None:
    cw.run_world(
        cw.RunConfig(out=tmp_path / "people", resolution="30m", countries=("LS",), basis="population")
    )  # fmt: skip
    page = center.explore(beside=cw.open_world(tmp_path / "people"), budget=0)
    a, b = data_of(page.html)["weights"]
    assert a is not None
    assert b is None
    assert any("those of B are left out" in note for note in page.notes)
    shown = center._shown(None)
    page = map_page(shown, beside=replace(reseeded._shown(None), weights=None), budget=0)
    assert "World B has no weights." in page.notes
    people = replace(shown, later={**shown.later, "people": shown.later["sites"]})
    page = map_page(reseeded._shown(None), beside=people, budget=0)
    assert "People and purchases are those of world A." in page.notes


def test_sites_of_two_worlds_are_told_apart(
    center: cw.PublishedWorld, reseeded: cw.PublishedWorld
) -> None:
    """Those that both have are there once; a fact that differs makes two of one."""

    def rows(world: cw.PublishedWorld) -> set[tuple[object, ...]]:
        own = world.sites.to_table(columns=["merchant_id", "country_iso", "site_order", "lon", "lat", "place"]).to_pylist()  # fmt: skip
        return {tuple(row.values()) for row in own if row["lon"] is not None}

    a, b = rows(center), rows(reseeded)
    sites = data_of(center.explore(beside=reseeded, budget=0).html)["sites"]
    world = np.cumsum(unpacked(sites["columns"]["world"]["values"]))
    assert [int((world == side).sum()) for side in (0, 1, 2)] == [len(a & b), len(a - b), len(b - a)]  # fmt: skip
    assert min(len(a - b), len(b - a)) > 0
    same = data_of(center.explore(beside=center, budget=0).html)["sites"]
    assert not np.cumsum(unpacked(same["columns"]["world"]["values"])).any()
    assert same["count"] == len(a)
    alone = replace(reseeded._shown(None), later={})
    only = data_of(map_page(alone, beside=center._shown(None), budget=0).html)["sites"]
    assert set(np.cumsum(unpacked(only["columns"]["world"]["values"])).tolist()) == {2}


def test_a_budget_leaves_out_weights_and_says_so(
    center: cw.PublishedWorld, center_map: cw.MapPage
) -> None:
    assert data_of(center_map.html)["weights"][0]["cells"] == {}
    assert any("not by single tile" in note for note in center_map.notes)
    assert len(center.explore(budget=2_000_000).html) > len(center_map.html)


def test_what_fits_in_the_budget_is_said(overlap: cw.PublishedWorld) -> None:
    bare = len(overlap.explore(budget=0).html.encode())
    some = overlap.explore(budget=bare + 5_000)
    shown = len(data_of(some.html)["weights"][0]["cells"])
    said = f"for {shown} countries, the smallest, as many as fit in {byte_size(bare + 5_000)} (--budget)"
    assert any(said in note for note in some.notes)
    assert any(f"; {20 - shown} others have only the overview." in note for note in some.notes)


def test_a_page_without_points_keeps_to_its_budget_and_uses_it(
    overlap: cw.PublishedWorld,
) -> None:
    bare = len(overlap.explore(budget=0).html.encode())
    for more in (5_000, 20_000, 40_000):
        page = overlap.explore(budget=bare + more)
        assert data_of(page.html)["weights"][0]["cells"]
        assert bare < len(page.html.encode()) <= bare + more


def test_sites_are_all_there(center: cw.PublishedWorld, center_map: cw.MapPage) -> None:
    """Coordinates to half a step; every fact as the dataset has it."""
    sites = data_of(center_map.html)["sites"]
    table = center.sites.to_table().sort_by(
        [(name, "ascending") for name in ("country_iso", "merchant_id", "site_order")]
    )
    table = table.filter(table["lon"].is_valid())
    assert sites["count"] == len(table)
    for name, column in sites["columns"].items():
        numbers = np.cumsum(unpacked(column["values"])) / column.get("per", 1)
        if "names" in column:
            names = [None, *column["names"]]
            expected = [None if one is None else str(one) for one in table[name].to_pylist()]
            assert [names[int(i)] for i in numbers] == expected
        else:
            np.testing.assert_allclose(numbers, table[name].to_numpy(), atol=0.51e-5)
    kinds = Counter(table["category"].to_pylist()).most_common()
    assert [count for _, _, count in sites["groups"]] == [count for _, count in kinds]
    assert sites["columns"]["category"]["names"][0] == kinds[0][0]


def test_two_worlds_differ_where_their_tiles_do(
    center: cw.PublishedWorld, overlap: cw.PublishedWorld
) -> None:
    data = data_of(overlap.explore(beside=center, budget=0).html)
    counts = unpacked(data["differences"]["runs"])
    lengths = unpacked(data["differences"]["lengths"])
    gained = sum(
        (own - center.index.spans.get(iso, RowSpans.empty(own.grid))).tile_count
        for iso, own in overlap.index.spans.items()
    )
    # A tile that two countries gained is one on the map.
    assert 0 < lengths[: counts[0]].sum() <= gained
    assert counts[1] == 0


def test_worlds_of_two_grids_cannot_be_compared(
    center: cw.PublishedWorld, tmp_path_factory: pytest.TempPathFactory
) -> None:
    out = tmp_path_factory.mktemp("coarse") / "world"
    cw.run_world(cw.RunConfig(out=out, resolution="1deg", countries=("DE",), basis="uniform"))
    with pytest.raises(ConfigError, match="different grids"):
        center.explore(beside=cw.open_world(out))


def test_lives_go_card_by_card_in_the_order_of_time(purchases: Any) -> None:
    content = packed_lives(purchases)
    assert content["names"] == ["at home", "traveller"]
    columns = content["columns"]
    found = {name: np.cumsum(unpacked(own["values"])) for name, own in columns.items()}
    assert found["card"].tolist() == [0, 1, 1, 1, 1, 1]
    assert (found["second"][1:] - found["second"][1]).tolist() == [0, 1800, 3600, 7200, 36000]
    lats = found["lat"] / columns["lat"]["per"]
    assert lats.tolist() == [51.5, 51.5, 180, 48.86, 40.7, 48.86]
    assert _amounts(content) == [12.5, 12.5, 13.5, 14.5, 15.5, 16.5]
    assert found["fraud_type"].tolist() == [0, 0, 0, 0, 1, 0]
    assert columns["fraud_type"]["names"] == ["clone"]


def test_amounts_are_whole_in_any_currency(purchases: Any) -> None:
    """Of rials, thousands of millions; of dinars, thousandths."""
    table = purchases.tables["purchases"]
    amounts = [46_000_000.0, 1.234, 0.0, 1_073_741.824, 2_500_000_000.5, 5.0]
    at = table.schema.get_field_index("amount")
    purchases.tables["purchases"] = table.set_column(at, "amount", pa.array(amounts))
    assert sorted(_amounts(packed_lives(purchases))) == sorted(amounts)


def _amounts(content: dict[str, Any]) -> list[float]:
    high, low = (
        np.cumsum(unpacked(content["columns"][name]["values"])) for name in ("high", "low")
    )
    thousandths: list[int] = (high * 2**30 + low).tolist()
    return [one / 1000 for one in thousandths]


def test_where_sites_do_not_fit_whole_merchants_are_left_out(
    center: cw.PublishedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = center.sites.to_table().to_pylist()
    located = [row["merchant_id"] for row in table if row["lon"] is not None]
    monkeypatch.setattr("closedworld.explore.points.MOST_POINTS", len(located) // 2)
    page = center.explore(budget=0)
    sites = data_of(page.html)["sites"]
    names = set(sites["columns"]["merchant_id"]["names"])
    assert sites["count"] == sum(one in names for one in located) < len(located)
    shown, every = sites["owners"]
    assert (shown, every) == (len(names), len({*located}))
    assert any(f"those of {shown:,} of {every:,} merchants" in note for note in page.notes)


def test_regions_are_not_called_countries(tmp_path: Path) -> None:
    corners = [[[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]]
    feature = {
        "type": "Feature",
        "properties": {"code": "north"},
        "geometry": {"type": "Polygon", "coordinates": corners},
    }
    polygons = tmp_path / "regions.geojson"
    polygons.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    out = tmp_path / "world"
    options = {"regions": "any", "code_column": "code", "resolution": "1deg", "basis": "uniform"}
    cw.run_world(cw.RunConfig(out=out, polygons=polygons, **options))  # type: ignore[arg-type]
    world = cw.open_world(out)
    words = data_of(world.explore().html)["countries"]["words"]
    assert words == ["region", "regions"]


def test_where_purchases_do_not_fit_whole_cards_are_left_out(
    purchases: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("closedworld.explore.points.MOST_PURCHASES", 5)
    content = packed_lives(purchases)
    assert content["owners"] == [1, 2]
    assert unpacked(content["columns"]["card"]["values"]).tolist() == [0]
