"""Points come by weight, lie in their country, and depend on seed, id, country and k alone."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
from scipy import stats

from closedworld.errors import ConfigError, InputError
from closedworld.inputs.reference.registry import bundled
from closedworld.inputs.regions.country_reading import countries_from_features, read_countries
from closedworld.kernels.grid import Grid
from closedworld.published.results import open_dataset
from closedworld.published.tile_index import open_index
from closedworld.stages.tiles.build import build_tile_index
from closedworld.stages.weights.build import build_tile_weights
from closedworld.worlds import open_world

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from built_worlds import Built
    from numpy.typing import NDArray

    from closedworld.inputs.regions.country_set import Country

pytestmark = pytest.mark.slow

LEAST_P = 1e-3
POINTS = 400


def world_of(request: pytest.FixtureRequest) -> Built:
    return request.getfixturevalue(request.param)  # type: ignore[no-any-return]


built = pytest.fixture(world_of, params=["real", "overlapping", "made_up"])


def draw(world: Built, request: pa.Table | None = None, **options: object) -> pa.Table:
    points = open_world(world.root).sample(request, countries=world.countries, **options)  # type: ignore[arg-type]
    return points.table


def lies_in(
    country: Country, lons: NDArray[np.float64], lats: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return which points GEOS finds inside a country, polygons never prepared, at any turn."""
    inside = np.zeros(len(lons), np.bool_)
    for feature in country.features:
        for turn in (-360.0, 0.0, 360.0):
            inside |= shapely.contains(feature, shapely.points(lons + turn, lats))
    return inside


def test_every_point_lies_in_its_country_and_on_its_tile(built: Built) -> None:
    """Every country of every world, those across 180 degrees and those smaller than a tile with them."""
    world = open_world(built.root)
    isos = [iso for iso in built.countries.isos if iso in world.index.spans]
    points = draw(built, country=",".join(isos), n=POINTS, seed=3)
    assert points.num_rows == POINTS * len(isos)
    grid = world.index.grid
    for iso in isos:
        own = points.filter(pc.field("country_iso") == iso)
        lons, lats = own["lon"].to_numpy(), own["lat"].to_numpy()
        assert lies_in(built.countries[iso], lons, lats).all(), iso
        assert ((lons >= -180) & (lons <= 180)).all()
        tile_ids = own["tile_id"].to_numpy()
        assert world.index.spans[iso].contains(tile_ids).all()
        rows, cols = grid.row_col(tile_ids)
        assert np.array_equal(np.floor((grid.north - lats) / grid.cell_height), rows)
        assert np.array_equal(np.floor((lons - grid.west) / grid.cell_width) % grid.n_cols, cols)


def test_small_countries_and_both_sides_of_180_are_in_these_worlds(
    real: Built, overlapping: Built
) -> None:
    """The Vatican's one tile does not have its centre inside; Russia and Fiji lie on both sides."""
    spans = open_world(real.root).index.spans
    assert spans["VA"].tile_count == 1
    for own in (spans["RU"], open_world(overlapping.root).index.spans["FJ"]):
        assert own.col_starts.min() == 0
        assert own.col_stops.max() == own.grid.n_cols


@pytest.mark.parametrize(("iso", "n"), [("DE", 60_000), ("NA", 60_000), ("NO", 60_000)])
def test_tiles_come_as_often_as_they_weigh(real: Built, iso: str, n: int) -> None:
    """Chi-square over tiles with an expectation of five or more, the others together."""
    weights = open_dataset(real.root, "tile_weights").to_table(
        filter=pc.field("country_iso") == iso
    )
    expected = weights["weight_fp"].to_numpy() * (n / 10**12)
    tiles = draw(real, country=iso, n=n, seed=1)["tile_id"].to_numpy()
    found = np.bincount(
        np.searchsorted(weights["tile_id"].to_numpy(), tiles), minlength=len(expected)
    )
    assert not found[expected == 0].any()
    often = expected >= 5
    few = [found[~often].sum()], [expected[~often].sum()]
    test = stats.chisquare(np.append(found[often], few[0]), np.append(expected[often], few[1]))
    assert test.pvalue > LEAST_P


def test_rows_come_as_often_as_they_weigh(real: Built) -> None:
    """Chi-square over the raster rows of Russia, one point for each of many ids."""
    n = 60_000
    request = pa.table({"id": np.arange(n), "country": ["RU"] * n})
    tiles = draw(real, request, seed=2)["tile_id"].to_numpy()
    n_cols = open_world(real.root).index.grid.n_cols
    weights = open_dataset(real.root, "tile_weights").to_table(
        filter=pc.field("country_iso") == "RU"
    )
    rows = (weights["tile_id"].to_numpy() // n_cols).astype(np.int64)
    expected = np.bincount(rows, weights["weight_fp"].to_numpy().astype(float)) * (n / 10**12)
    found = np.bincount((tiles // n_cols).astype(np.int64), minlength=len(expected))
    often = expected >= 5
    few = found[~often].sum(), expected[~often].sum()
    test = stats.chisquare(np.append(found[often], few[0]), np.append(expected[often], few[1]))
    assert test.pvalue > LEAST_P


def request_table(rows: Sequence[tuple[str, str, int]]) -> pa.Table:
    ids, isos, counts = zip(*rows, strict=True)
    return pa.table({"id": list(ids), "country": list(isos), "n": list(counts)})


ROWS = [
    ("a", "DE", 4),
    ("b", "FJ", 3),
    ("c", "DE", 0),
    ("a", "RU", 5),
    ("d", "DE", 2),
    ("é", "VA", 2),
]


def by_owner(points: pa.Table) -> dict[tuple[str, str], list[tuple[float, float, int]]]:
    """Return the points of each id in each country, in order."""
    found: dict[tuple[str, str], list[tuple[float, float, int]]] = {}
    for point in points.to_pylist():
        found.setdefault((point["id"], point["country_iso"]), []).append(
            (point["lon"], point["lat"], point["tile_id"])
        )
    return found


@pytest.mark.parametrize("with_replacement", [True, False])
def test_points_depend_on_nothing_else(real: Built, *, with_replacement: bool) -> None:
    """Not on the order of rows, on the other rows, on how many points follow, or on workers."""
    rows = ROWS if with_replacement else ROWS[:-1]
    options = {"seed": 9, "with_replacement": with_replacement}
    points = draw(real, request_table(rows), **options)
    assert points["id"].to_pylist() == [id_ for id_, _, n in rows for _ in range(n)]
    whole = by_owner(points)
    assert by_owner(draw(real, request_table(rows[::-1]), **options)) == whole
    assert draw(real, request_table(rows), **options, workers=3).equals(points)
    for id_, iso, n in rows:
        if n:
            alone = by_owner(draw(real, request_table([(id_, iso, 1)]), **options))
            assert alone[id_, iso] == whole[id_, iso][:1]
            more = by_owner(draw(real, request_table([(id_, iso, n)]), **options))
            assert more[id_, iso] == whole[id_, iso]


def test_seeds_ids_and_countries_give_points_of_their_own(real: Built) -> None:
    request = request_table([(id_, "DE", 50) for id_ in ("a", "b")])
    lons = [draw(real, request, seed=seed)["lon"].to_numpy() for seed in (1, 2)]
    assert len(np.unique(np.concatenate(lons))) == 200


def test_numbers_are_ids_by_their_digits(real: Built) -> None:
    texts = pa.table({"id": ["7", "12"], "country": ["DE", "DE"]})
    numbers = pa.table({"id": pa.array([7, 12], pa.int32()), "country": ["DE", "DE"]})
    drawn = draw(real, numbers)
    assert drawn.schema.field("id").type == pa.int64()
    assert drawn["lon"].equals(draw(real, texts)["lon"])


def test_without_replacement_no_tile_comes_twice(real: Built) -> None:
    """As many points as tiles with weight: each once; one more is refused with their number."""
    weights = open_dataset(real.root, "tile_weights").to_table(
        filter=(pc.field("country_iso") == "MV") | (pc.field("country_iso") == "DE")
    )
    some = weights.filter(pc.greater(weights["weight_fp"], 0))
    for iso in ("MV", "DE"):
        expected = some.filter(pc.field("country_iso") == iso)["tile_id"].to_pylist()
        points = draw(real, country=iso, n=len(expected), with_replacement=False)
        assert sorted(points["tile_id"].to_pylist()) == expected
        with pytest.raises(ConfigError, match=f"sample-too-many.*{len(expected):,} tiles"):
            draw(real, country=iso, n=len(expected) + 1, with_replacement=False)


def test_columns_and_types(real: Built) -> None:
    points = draw(real, country="de, fj", n=2)
    assert points.schema.names == ["point_order", "lon", "lat", "country_iso", "tile_id"]
    assert points["country_iso"].to_pylist() == ["DE", "DE", "FJ", "FJ"]
    assert [str(kind) for kind in points.schema.types] == [
        "int64",
        "double",
        "double",
        "string",
        "int64",
    ]


@pytest.mark.parametrize("n", [0, 1])
def test_few_points(real: Built, n: int) -> None:
    assert draw(real, country="DE", n=n).num_rows == n
    empty = draw(real, request_table([("a", "DE", 1)]).slice(0, 0))
    assert empty.schema.names == ["id", "point_order", "lon", "lat", "country_iso", "tile_id"]
    assert empty.num_rows == 0


def test_countries_without_tiles_are_refused(real: Built) -> None:
    with pytest.raises(ConfigError, match=r"country-without-tiles.*FR"):
        draw(real, country="DE,FR")


def test_polygons_must_be_those_of_the_world(real: Built) -> None:
    """Other borders would put points abroad; the bundled ones are taken only if they are the same."""
    assert open_world(real.root).sample(country="DE", n=3).table.num_rows == 3
    others = read_countries(bundled("countries.parquet").path).select(["DE", "FR"])
    with pytest.raises(ConfigError, match="polygons-differ"):
        open_world(real.root).sample(country="DE", countries=others)


def test_bundled_polygons_of_another_world_are_refused(made_up: Built) -> None:
    with pytest.raises(ConfigError, match="polygons-differ"):
        open_world(made_up.root).sample(country="FR")


def test_who_wants_points_must_be_clear(real: Built) -> None:
    for options in ({}, {"request": request_table(ROWS), "country": "DE"}):
        with pytest.raises(ConfigError, match="sample-unclear"):
            open_world(real.root).sample(**options)


def test_a_world_by_area_needs_no_raster(tmp_path: Path) -> None:
    """Weights by area on a coarse grid: points of Kiribati lie on both sides of 180 degrees."""
    from closedworld.published.tile_index import open_index  # noqa: PLC0415
    from closedworld.stages.weights.build import build_tile_weights  # noqa: PLC0415

    countries = read_countries(bundled("countries.parquet").path).select(["KI"])
    build_tile_index(countries, Grid.from_resolution("0.25deg"), tmp_path, rule="any_overlap")
    build_tile_weights(open_index(tmp_path), tmp_path, basis="area_m2")
    lons = open_world(tmp_path).sample(country="KI", n=200).table["lon"].to_numpy()
    assert (lons > 170).any()
    assert (lons < -150).any()


def told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, box: Sequence[float], basis: str
) -> list[str]:
    """Return what is logged when points are drawn in a country on a raster of 20..40 east."""
    countries = countries_from_features([("RU", "Russia", shapely.box(*box))])
    build_tile_index(countries, Grid(20.0, 70.0, 1.0, 1.0, 20, 20), tmp_path)
    build_tile_weights(open_index(tmp_path), tmp_path, basis=basis)
    caplog.clear()
    points = open_world(tmp_path).sample(country="RU", n=50, countries=countries)
    assert len(points) == 50
    return [record.event["code"] for record in caplog.records if record.levelname == "WARNING"]  # type: ignore[attr-defined]


def test_points_of_a_country_that_the_grid_cuts_come_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    codes = told(tmp_path, caplog, (30, 50, 60, 60), "uniform")
    assert codes == ["countries-cut", "sample-without-people"]


def test_points_by_area_come_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert told(tmp_path, caplog, (30, 50, 40, 60), "area_m2") == ["sample-without-people"]


def test_points_of_a_whole_country_by_people_come_without(
    real: Built, caplog: pytest.LogCaptureFixture
) -> None:
    open_world(real.root).sample(country="VA", n=5, countries=real.countries)
    assert [one for one in caplog.records if one.levelname == "WARNING"] == []


OWN = pa.table(
    {
        "id": ["a", "b"],
        "country": ["VA", "VA"],
        "n": [2, 3],
        "segment": pa.array(["x", "=y"]).dictionary_encode(),
        "since": pa.array([2019, None], pa.int16()),
        "fid": [7, 7],
        "large": pa.array([2**64 - 1, 1], pa.uint64()),
        "price": pa.array([Decimal("1.10"), None]),
        "ok": [True, None],
        "day": pa.array([date(2020, 2, 29), None]),
        "Lat": [1.0, 2.0],
    }
)
KEPT: dict[str, Sequence[object]] = {
    "segment": ["x", "x", "=y", "=y", "=y"],
    "since": [2019, 2019, None, None, None],
    "fid": [7, 7, 7, 7, 7],
    "large": [str(2**64 - 1)] * 2 + ["1"] * 3,
    "price": ["1.10", "1.10", None, None, None],
    "ok": [True, True, None, None, None],
    "day": [date(2020, 2, 29)] * 2 + [None] * 3,
}


def test_the_columns_of_a_table_go_through_to_its_points(
    real: Built, caplog: pytest.LogCaptureFixture
) -> None:
    points = open_world(real.root).sample(OWN, countries=real.countries).table
    assert points["id"].to_pylist() == ["a", "a", "b", "b", "b"]
    assert points["point_order"].to_pylist() == [1, 2, 1, 2, 3]
    assert points.select(list(KEPT)).to_pydict() == KEPT
    assert points.column_names[6:] == list(KEPT)
    (warning,) = (one for one in caplog.records if one.levelname == "WARNING")
    assert "sample-columns-left-out" in warning.message
    assert "names: Lat." in warning.message
    alone = open_world(real.root).sample(
        OWN.select(["id", "country", "n"]), countries=real.countries
    )
    assert alone.table.equals(points.select(alone.table.column_names))


@pytest.mark.parametrize("suffix", ["parquet", "geoparquet", "csv", "geojson", "gpkg"])
def test_every_format_has_the_columns_of_the_table(
    real: Built, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"points.{suffix}"
    open_world(real.root).sample(OWN, countries=real.countries).write(path)
    if suffix.endswith("parquet"):
        found = pq.read_table(path)
    elif suffix == "csv":
        types = dict.fromkeys(KEPT, pa.string())
        found = pacsv.read_csv(path, convert_options=pacsv.ConvertOptions(column_types=types))
    else:
        found = pa.table(pyogrio.read_arrow(path, layer="points")[1])
    assert found.num_rows == 5
    for name, values in KEPT.items():
        texts = [None if value is None else str(value).lower() for value in values]
        got = ["" if one is None else str(one).lower() for one in found[name].to_pylist()]
        wanted = ["" if one is None else one for one in texts]
        same = {"true": "1", "2020-02-29": "2020-02-29 00:00:00"}
        assert [same.get(one, one) for one in got] == [same.get(one, one) for one in wanted], name


def test_a_column_without_a_form_as_text_is_refused(real: Built) -> None:
    table = pa.table({"country": ["VA"], "raw": pa.array([[b"\xff"]])})
    with pytest.raises(InputError) as caught:
        open_world(real.root).sample(table, countries=real.countries)
    assert caught.value.code == "table-column"


@pytest.mark.parametrize("n", [-1, 2**31 + 1, 99999999999999999999])
def test_a_number_of_points_that_cannot_be_is_refused(real: Built, n: int) -> None:
    with pytest.raises(ConfigError) as caught:
        open_world(real.root).sample(country="VA", n=n, countries=real.countries)
    assert caught.value.code == "sample-count"


def test_more_points_than_memory_holds_are_refused_before_any_is_drawn(
    real: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("closedworld.worlds.points.available_memory_bytes", lambda: 10 << 20)
    monkeypatch.setattr("closedworld.worlds.points._draw", None)
    with pytest.raises(ConfigError) as caught:
        open_world(real.root).sample(country="VA", n=1_000_000_000, countries=real.countries)
    assert caught.value.code == "sample-memory"
    assert "10.5 MB" in caught.value.message


def test_more_different_tiles_than_there_are_are_refused_before_any_is_drawn(
    real: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("closedworld.worlds.points._draw", None)
    with pytest.raises(ConfigError) as caught:
        open_world(real.root).sample(
            country="VA", n=1_000_000, with_replacement=False, countries=real.countries
        )
    assert caught.value.code == "sample-too-many"


@pytest.mark.parametrize("with_replacement", [True, False])
def test_points_do_not_depend_on_the_blocks_they_are_drawn_in(
    real: Built, monkeypatch: pytest.MonkeyPatch, *, with_replacement: bool
) -> None:
    request = pa.table({"id": ["a", "b", "c"], "country": ["RU"] * 3, "n": [100, 0, 57]})
    whole = draw(real, request, with_replacement=with_replacement)
    monkeypatch.setattr("closedworld.kernels.sampling.points._BLOCK_POINTS", 13)
    assert draw(real, request, with_replacement=with_replacement).equals(whole)
