"""Published weights against the law in Python integers, however the work is cut."""

from __future__ import annotations

import functools
import hashlib
import multiprocessing
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine

from closedworld.errors import ConfigError, GridError, InputError, UnitError
from closedworld.execution import SerialExecutor, events
from closedworld.inputs.loading import PopulationRaster, load_population
from closedworld.inputs.regions import countries_from_features
from closedworld.kernels.grid import Grid, tile_areas_cm2
from closedworld.kernels.sizes import Sizes
from closedworld.kernels.weights import Basis, Mixture
from closedworld.published.results import open_published
from closedworld.published.tile_index import PublishedIndex, open_index
from closedworld.stages.tiles.build import build_tile_index
from closedworld.stages.weights import part_files as weight_files
from closedworld.stages.weights import population
from closedworld.stages.weights.build import build_tile_weights
from closedworld.testing import apportioned, micro_persons_exactly

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from closedworld.execution.events import Event
    from closedworld.inputs.regions import CountrySet
    from closedworld.stages.tiles.outcome import TileIndex
    from closedworld.stages.weights.outcome import TileWeights

FULL = 1 << 30
"""The share of a tile that lies wholly in its country."""

SMALL = Sizes(row_group_tiles=80, part_tiles=160, batch_tiles=37)
"""Cut the made-up world into dozens of part files."""

CUT_BASIS = "uniform:1,area_m2:1,population:3,populated:1"

MIXTURES = [
    "uniform",
    "area_m2",
    "population",
    "populated",
    "population:0.9,area_m2:0.1",
    "uniform:1,area_m2:1",
    "populated:2,population:1",
    "uniform:1,area_m2:2,population:3,populated:1",
]


class Watcher:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def on_event(self, event: Event) -> None:
        self.events.append(event)

    def warnings(self) -> dict[str, str]:
        return {one.code: one.message for one in self.events if isinstance(one, events.Warned)}


@pytest.fixture(autouse=True)
def no_waiting_for_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is most of the time, and changes no byte."""
    monkeypatch.setattr("closedworld.store.durable.os.fsync", lambda _: None)


def write_raster(path: Path, pixels: NDArray[Any], grid: Grid, **options: Any) -> PopulationRaster:
    """Write a raster on a grid and load it."""
    profile = {
        "driver": "GTiff",
        "width": grid.n_cols,
        "height": grid.n_rows,
        "count": 1,
        "dtype": pixels.dtype.name,
        "crs": "EPSG:4326",
        "transform": Affine(grid.cell_width, 0.0, grid.west, 0.0, -grid.cell_height, grid.north),
        "tiled": True,
        "blockxsize": 64,
        "blockysize": 64,
        "compress": "deflate",
        **options,
    }
    with rasterio.open(path, "w", **profile) as file:
        file.write(pixels, 1)
    return load_population(path, Watcher())


def persons(grid: Grid, seed: int = 1) -> NDArray[np.float32]:
    """Return people for every cell: some of many sizes, none, NODATA, and equal ones."""
    rng = np.random.default_rng(seed)
    pixels = rng.gamma(0.2, 5000, (grid.n_rows, grid.n_cols)).astype(np.float32)
    pixels[rng.random(pixels.shape) < 0.2] = 0
    pixels[rng.random(pixels.shape) < 0.1] = -99999
    pixels[rng.random(pixels.shape) < 0.3] = 1
    return pixels


@pytest.fixture(scope="module")
def raster(half_degrees: Grid, tmp_path_factory: pytest.TempPathFactory) -> PopulationRaster:
    path = tmp_path_factory.mktemp("raster") / "people.tif"
    return write_raster(path, persons(half_degrees), half_degrees, nodata=-99999)


@pytest.fixture(scope="module")
def index(tiny_index: TileIndex) -> PublishedIndex:
    return open_index(tiny_index.published.folder)


@pytest.fixture(scope="module")
def covered(
    tiny: CountrySet, half_degrees: Grid, tmp_path_factory: pytest.TempPathFactory
) -> PublishedIndex:
    """The made-up world with every tile that a country touches, and how much of it that is."""
    out = tmp_path_factory.mktemp("covered")
    build_tile_index(tiny, half_degrees, out, rule="any_overlap", coverage=True)
    return open_index(out)


def test_what_build_tile_index_returns_is_taken_as_what_open_index_does(
    tiny: CountrySet, half_degrees: Grid, tmp_path: Path
) -> None:
    """The same result, reused; a country without tiles, which only the former lists, included."""
    built = build_tile_index(tiny, half_degrees, tmp_path)
    assert built.world.without_tiles
    first = build_tile_weights(built, tmp_path, basis="area_m2")
    second = build_tile_weights(open_index(tmp_path), tmp_path, basis="area_m2")
    assert (first.reused, second.reused) == (False, True)
    assert first.published == second.published


def columns(
    folder_of: PublishedIndex | TileWeights, dataset: str, iso: str
) -> dict[str, list[Any]]:
    """Return the rows of a country."""
    return rows_of(folder_of.published.folder, dataset)[iso]


@functools.lru_cache(maxsize=16)
def rows_of(folder: Path, dataset: str) -> dict[str, dict[str, list[Any]]]:
    """Return the columns of a dataset by country and name."""
    table = open_published(folder).dataset(dataset).to_table()
    isos = table["country_iso"].to_pylist()
    content = {name: table[name].to_pylist() for name in table.column_names}
    return {
        iso: {
            name: values[isos.index(iso) : isos.index(iso) + isos.count(iso)]
            for name, values in content.items()
        }
        for iso in sorted(set(isos))
    }


def masses_of(
    index: PublishedIndex,
    iso: str,
    basis: Basis,
    pixels: NDArray[Any] | None,
    *,
    by_coverage: bool = False,
) -> list[int]:
    """Return the masses of a country's tiles in Python integers, from the published tiles."""
    rows = columns(index, "tile_index", iso)
    tile_ids = rows["tile_id"]
    assert tile_ids == sorted(tile_ids)
    masses = [1] * len(tile_ids)
    if basis is Basis.AREA_M2:
        areas = tile_areas_cm2(index.grid).tolist()
        masses = [areas[tile // index.grid.n_cols] for tile in tile_ids]
    elif basis.needs_population:
        assert pixels is not None
        masses = [micro_persons_exactly(value) for value in pixels.ravel()[tile_ids]]
    if basis is Basis.POPULATED:
        masses = [int(mass > 0) for mass in masses]
    if not by_coverage:
        return masses
    shares = [max(1, round(Fraction(share) * FULL)) for share in rows["coverage"]]
    if basis in {Basis.UNIFORM, Basis.POPULATED}:
        return [mass * share for mass, share in zip(masses, shares, strict=True)]
    return [round(Fraction(mass * share, FULL)) for mass, share in zip(masses, shares, strict=True)]


def check(
    weights: TileWeights,
    index: PublishedIndex,
    basis: str,
    dp: int,
    pixels: NDArray[Any] | None,
    *,
    by_coverage: bool = False,
) -> None:
    """Compare weights, span weights and summaries of all countries with the law."""
    mixture = Mixture.parse(basis)
    units = apportioned([share for _, share in mixture.parts], 10**dp)
    by_iso = {summary.country_iso: summary for summary in weights.summaries}
    assert list(by_iso) == list(index.spans)
    for iso, spans in index.spans.items():
        expected, has_mass = [0] * spans.tile_count, [False] * spans.tile_count
        for part, own in zip(by_iso[iso].bases, units, strict=True):
            masses = masses_of(index, iso, Basis(part.basis), pixels, by_coverage=by_coverage)
            assert (part.units, part.mass_sum) == (own, sum(masses))
            assert part.fallback == (not any(masses))
            if part.fallback:
                masses = masses_of(index, iso, Basis.UNIFORM, None, by_coverage=by_coverage)
            shares = apportioned(masses, own)
            assert part.floor_sum == sum(mass * own // sum(masses) for mass in masses)
            assert part.remainder_units == own - part.floor_sum
            expected = [a + b for a, b in zip(expected, shares, strict=True)]
            has_mass = [a or b > 0 for a, b in zip(has_mass, masses, strict=True)]
        rows = columns(weights, "tile_weights", iso)
        assert rows["weight_fp"] == expected
        assert sum(rows["weight_fp"]) == 10**dp
        assert rows["tile_id"] == columns(index, "tile_index", iso)["tile_id"]
        assert set(rows["dp"]) == {dp}
        assert set(rows["basis"]) == {str(mixture)}
        summary = by_iso[iso]
        assert summary.tiles == spans.tile_count
        assert summary.zero_tiles == expected.count(0)
        assert summary.zero_tiles_with_mass == sum(
            weight == 0 and mass for weight, mass in zip(expected, has_mass, strict=True)
        )
        runs = columns(weights, "span_weights", iso)
        assert runs["raster_row"] == spans.rows.tolist()
        assert runs["col_start"] == spans.col_starts.tolist()
        assert runs["tiles"] == (spans.col_stops - spans.col_starts).tolist()
        assert runs["weight_before"] == [sum(expected[:first]) for first in spans.first_ranks]


@pytest.mark.parametrize("basis", MIXTURES)
@pytest.mark.parametrize("dp", [0, 18])
def test_weights_are_those_of_the_law(
    index: PublishedIndex,
    raster: PopulationRaster,
    half_degrees: Grid,
    tmp_path: Path,
    basis: str,
    dp: int,
) -> None:
    weights = build_tile_weights(index, tmp_path, basis=basis, dp=dp, population=raster)
    assert not weights.reused
    check(weights, index, basis, dp, persons(half_degrees))


def test_a_receipt_says_what_weights_were_made_from(
    index: PublishedIndex, raster: PopulationRaster, tmp_path: Path
) -> None:
    weights = build_tile_weights(index, tmp_path, basis="population:9,area_m2:1", population=raster)
    receipt = weights.published.receipt
    assert receipt.parameters["tiles_parameter_hash"] == index.published.receipt.parameter_hash
    assert receipt.parameters["basis"] == "population:9,area_m2:1"
    assert receipt.parameters["dp"] == 12
    assert receipt.parameters["weigh_by_coverage"] is False
    assert receipt.parameters["raster_sha256"] == raster.sha256
    assert receipt.parameters["raster_sha256"] == (
        hashlib.sha256(raster.layout.info.path.read_bytes()).hexdigest()
    )
    assert receipt.totals["countries"] == len(index.spans)
    assert receipt.totals["tiles"] == sum(own.tile_count for own in index.spans.values())
    assert receipt.totals["tiles_of_weight_zero"] == sum(
        one.zero_tiles for one in weights.summaries
    )
    assert receipt.totals["summaries"] == [one.to_dict() for one in weights.summaries]
    assert set(receipt.datasets()) == {"tile_weights", "span_weights"}


def test_a_raster_that_no_basis_needs_does_not_count(
    index: PublishedIndex, raster: PopulationRaster, tmp_path: Path
) -> None:
    without = build_tile_weights(index, tmp_path, basis="area_m2")
    given = build_tile_weights(index, tmp_path, basis="area_m2", population=raster)
    assert given.reused
    assert given.published == without.published
    assert without.published.receipt.parameters["raster_sha256"] is None


@pytest.mark.parametrize("basis", ["population", "populated", "population:3,area_m2:1"])
def test_a_country_without_people_falls_back_to_uniform_and_is_named(
    index: PublishedIndex, half_degrees: Grid, tmp_path: Path, basis: str
) -> None:
    """PH is all NODATA, LS negative or nobody."""
    pixels = np.maximum(persons(half_degrees), 1)
    for iso, value in (("PH", -99999), ("LS", -3)):
        own = index.spans[iso]
        for row, start, stop in zip(own.rows, own.col_starts, own.col_stops, strict=True):
            pixels[row, start:stop] = value
    people = write_raster(tmp_path / "a.tif", pixels, half_degrees, nodata=-99999)
    watcher = Watcher()
    weights = build_tile_weights(
        index, tmp_path, basis=basis, dp=5, population=people, observer=watcher
    )
    check(weights, index, basis, 5, pixels)
    assert [one.country_iso for one in weights.summaries if one.fallback] == ["LS", "PH"]
    assert weights.published.receipt.totals["countries_fallback"] == ["LS", "PH"]
    message = watcher.warnings()["weights-fallback"]
    assert message.startswith("2 countries without mass")
    assert message.endswith("LS, PH.")
    (told,) = (one for one in watcher.events if isinstance(one, events.RasterRead))
    assert told.missing == index.spans["PH"].tile_count
    assert told.negative == index.spans["LS"].tile_count


def test_a_world_where_all_have_people_warns_of_no_fallback(
    index: PublishedIndex, half_degrees: Grid, tmp_path: Path
) -> None:
    pixels = np.maximum(persons(half_degrees), 1)
    watcher = Watcher()
    people = write_raster(tmp_path / "a.tif", pixels, half_degrees)
    build_tile_weights(
        index, tmp_path, basis="population", dp=18, population=people, observer=watcher
    )
    assert watcher.warnings() == {}


def test_tiles_too_light_for_the_decimal_places_are_counted_and_warned_of(
    index: PublishedIndex, tmp_path: Path
) -> None:
    watcher = Watcher()
    weights = build_tile_weights(index, tmp_path, basis="uniform", dp=1, observer=watcher)
    light = {iso: max(0, own.tile_count - 10) for iso, own in index.spans.items()}
    assert {one.country_iso: one.zero_tiles_with_mass for one in weights.summaries} == light
    worst = max(light, key=lambda iso: light[iso])
    message = watcher.warnings()["weights-zero"]
    assert message.startswith(f"{sum(light.values()):,} tiles have a mass")
    assert f"{worst} ({light[worst]:,})" in message


def test_masses_beyond_64_bits_are_exact(
    index: PublishedIndex, half_degrees: Grid, tmp_path: Path
) -> None:
    """Each tile has nearly 2^63 micro-persons, a country far more, and remainders need 128 bits."""
    rng = np.random.default_rng(5)
    pixels = 9e12 + rng.random((half_degrees.n_rows, half_degrees.n_cols)) * 1e9
    pixels[rng.random(pixels.shape) < 0.1] = 0.001
    people = write_raster(tmp_path / "a.tif", pixels, half_degrees)
    for basis, dp in (("population", 18), ("population:1,uniform:2", 17)):
        weights = build_tile_weights(index, tmp_path, basis=basis, dp=dp, population=people)
        check(weights, index, basis, dp, pixels)
    sums = [one.bases[1].mass_sum for one in weights.summaries]
    assert max(sums) > 2**70


def test_values_of_a_scaled_raster_count_as_they_are_meant(
    index: PublishedIndex, half_degrees: Grid, tmp_path: Path
) -> None:
    rng = np.random.default_rng(6)
    pixels = rng.integers(0, 50, (half_degrees.n_rows, half_degrees.n_cols)).astype(np.uint16)
    path = tmp_path / "a.tif"
    write_raster(path, pixels, half_degrees, nodata=7)
    with rasterio.open(path, "r+") as file:
        file.scales, file.offsets = [0.1], [1.0]
    people = load_population(path, Watcher())
    weights = build_tile_weights(index, tmp_path, basis="population", dp=9, population=people)
    meant = np.where(pixels == 7, 0, pixels.astype(np.float64) * 0.1 + 1)
    check(weights, index, "population", 9, meant)


# However the work is cut.


def in_windows(raster: PopulationRaster, window_cells: int) -> PopulationRaster:
    """Return the raster, to be read in windows of so many cells."""
    return replace(raster, layout=replace(raster.layout, window_cells=window_cells))


def digests(folder: Path) -> dict[str, str]:
    """Return the digest of every file of a published folder, the receipt among them."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder.parent).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def weigh(
    index: PublishedIndex, raster: PopulationRaster, out: Path, options: Mapping[str, Any]
) -> dict[str, str]:
    """Weigh the made-up world into a folder and return its digests."""
    small = {"population": in_windows(raster, 64 * 128), "sizes": SMALL}
    given = {"basis": CUT_BASIS, "dp": 3, **small, **options}
    weights = build_tile_weights(index, out, **given)
    assert not weights.reused
    weights.published.verify()
    return digests(weights.published.folder)


@pytest.fixture(scope="module")
def references(
    covered: PublishedIndex, raster: PopulationRaster, tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[int, bool], dict[str, str]]:
    """The world by dp and coverage, as one thread weighs it, unit by unit of one part."""
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("closedworld.store.durable.os.fsync", lambda _: None)
        for dp, by_coverage in ((3, False), (3, True), (18, False)):
            out = tmp_path_factory.mktemp("reference")
            options = {"dp": dp, "weigh_by_coverage": by_coverage, "unit_tiles": 1}
            found[dp, by_coverage] = weigh(covered, raster, out, options)
    assert all(len(files) > 30 for files in found.values())
    return found


@pytest.fixture
def build(
    covered: PublishedIndex,
    raster: PopulationRaster,
    tmp_path: Path,
) -> Callable[..., dict[str, str]]:
    """Weight the made-up world into a new folder, cut small, and return its digests."""

    def build_weights(**options: Any) -> dict[str, str]:
        return weigh(covered, raster, tmp_path / str(len(list(tmp_path.iterdir()))), options)

    return build_weights


def test_the_world_that_is_cut_small_is_the_law_s_and_has_many_parts(
    covered: PublishedIndex,
    raster: PopulationRaster,
    half_degrees: Grid,
    tmp_path: Path,
) -> None:
    """So that the tests below compare with something right."""
    for by_coverage in (False, True):
        weights = build_tile_weights(
            covered,
            tmp_path,
            basis=CUT_BASIS,
            dp=3,
            population=in_windows(raster, 64 * 128),
            weigh_by_coverage=by_coverage,
            unit_tiles=1,
            sizes=SMALL,
        )
        check(weights, covered, CUT_BASIS, 3, persons(half_degrees), by_coverage=by_coverage)
    files = [
        path for path in digests(weights.published.folder) if "tile_weights/country_iso=IN" in path
    ]
    assert len(files) == -(-covered.spans["IN"].tile_count // SMALL.part_tiles) > 2


@pytest.mark.parametrize("by_coverage", [False, True])
@pytest.mark.parametrize(("workers", "unit_tiles"), [(1, 10**9), (1, 300), (2, 1), (4, 300)])
def test_workers_and_the_size_of_units_do_not_count(
    build: Callable[..., dict[str, str]],
    references: dict[tuple[int, bool], dict[str, str]],
    workers: int,
    unit_tiles: int,
    *,
    by_coverage: bool,
) -> None:
    other = build(workers=workers, unit_tiles=unit_tiles, weigh_by_coverage=by_coverage)
    assert other == references[3, by_coverage]


@pytest.mark.parametrize("make", [SerialExecutor, lambda: ThreadPoolExecutor(3)])
def test_an_executor_that_was_handed_in_gives_the_same_and_stays_open(
    build: Callable[..., dict[str, str]],
    references: dict[tuple[int, bool], dict[str, str]],
    make: Callable[[], Executor],
) -> None:
    with make() as executor:
        assert build(executor=executor, workers=3, unit_tiles=1) == references[3, False]
        assert executor.submit(int, "7").result() == 7


def test_spawned_processes_give_the_same(
    build: Callable[..., dict[str, str]], references: dict[tuple[int, bool], dict[str, str]]
) -> None:
    spawn = multiprocessing.get_context("spawn")
    sizes = replace(SMALL, few_tiles=3, bucket_bits=5)
    with ProcessPoolExecutor(2, mp_context=spawn) as pool:
        other = build(executor=pool, workers=2, unit_tiles=1, weigh_by_coverage=True, sizes=sizes)
    assert other == references[3, True]


@pytest.mark.parametrize(("few", "bits"), [(0, 5), (1, 16), (20, 9)])
@pytest.mark.parametrize("dp", [3, 18])
def test_how_the_cut_is_searched_does_not_count(
    build: Callable[..., dict[str, str]],
    references: dict[tuple[int, bool], dict[str, str]],
    few: int,
    bits: int,
    dp: int,
) -> None:
    """In many rounds, over several units, down to remainders that are equal."""
    sizes = replace(SMALL, few_tiles=few, bucket_bits=bits)
    assert build(dp=dp, unit_tiles=1, sizes=sizes) == references[dp, False]


@pytest.mark.parametrize("batch", [7, 80, 1000])
def test_the_size_of_batches_and_windows_does_not_count(
    build: Callable[..., dict[str, str]],
    references: dict[tuple[int, bool], dict[str, str]],
    raster: PopulationRaster,
    batch: int,
) -> None:
    sizes = replace(SMALL, batch_tiles=batch)
    other = build(weigh_by_coverage=True, sizes=sizes, population=in_windows(raster, 1 << 22))
    assert other == references[3, True]


def test_parts_and_row_groups_do_count(
    build: Callable[..., dict[str, str]], references: dict[tuple[int, bool], dict[str, str]]
) -> None:
    """So the tests above could fail."""
    assert build(sizes=replace(SMALL, row_group_tiles=81)) != references[3, False]


# Again, and otherwise.


def test_weighing_again_changes_no_file_and_says_so(
    index: PublishedIndex, raster: PopulationRaster, tmp_path: Path
) -> None:
    options: dict[str, Any] = {"basis": "population:3,uniform:1", "dp": 4, "population": raster}
    first = build_tile_weights(index, tmp_path, **options)
    stamps = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    watcher = Watcher()
    second = build_tile_weights(index, tmp_path, **options, observer=watcher)
    assert (first.reused, second.reused) == (False, True)
    assert second.published == first.published
    assert second.summaries == first.summaries
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == stamps
    kinds = {type(event) for event in watcher.events}
    assert events.StageReused in kinds
    assert events.RasterRead not in kinds


@pytest.mark.parametrize(
    "options", [{"dp": 5}, {"basis": "populated"}, {"weigh_by_coverage": True}, {"raster": "other"}]
)
def test_whatever_decides_the_weights_makes_another_result_beside_the_first(
    covered: PublishedIndex,
    raster: PopulationRaster,
    half_degrees: Grid,
    tmp_path: Path,
    options: dict[str, Any],
) -> None:
    first = build_tile_weights(covered, tmp_path, basis="population", population=raster)
    given = {"basis": "population", "population": raster, **options}
    if given.pop("raster", None):
        given["population"] = write_raster(
            tmp_path / "a.tif", persons(half_degrees, 2), half_degrees
        )
    second = build_tile_weights(covered, tmp_path, **given)
    assert not second.reused
    assert second.published.folder != first.published.folder
    first.published.verify()


def test_two_mixtures_that_mean_the_same_are_one_result(
    index: PublishedIndex, tmp_path: Path
) -> None:
    first = build_tile_weights(index, tmp_path, basis="area_m2:0.2,uniform:0.8")
    second = build_tile_weights(index, tmp_path, basis="uniform:4, area_m2:1")
    assert second.reused
    assert second.published == first.published


# Coverage.


@pytest.mark.parametrize("basis", MIXTURES)
@pytest.mark.parametrize("dp", [2, 18])
def test_weights_by_coverage_are_those_of_the_law(
    covered: PublishedIndex,
    raster: PopulationRaster,
    half_degrees: Grid,
    tmp_path: Path,
    basis: str,
    dp: int,
) -> None:
    weights = build_tile_weights(
        covered, tmp_path, basis=basis, dp=dp, population=raster, weigh_by_coverage=True
    )
    check(weights, covered, basis, dp, persons(half_degrees), by_coverage=True)
    border = columns(covered, "tile_index", "AR")["coverage"]
    assert 0 < sum(share < 1 for share in border) < len(border)


def test_a_tile_of_two_countries_is_split_between_them(half_degrees: Grid, tmp_path: Path) -> None:
    """A border at 1.2 degrees: four tenths and six tenths of the tiles from 1.0 to 1.5."""
    features = [
        ("FR", "West", shapely.box(0.0, 0.0, 1.2, 2.0)),
        ("DE", "East", shapely.box(1.2, 0.0, 3.0, 2.0)),
    ]
    countries = countries_from_features(features)
    build_tile_index(countries, half_degrees, tmp_path, rule="any_overlap", coverage=True)
    index = open_index(tmp_path)
    weights = build_tile_weights(index, tmp_path, basis="uniform", weigh_by_coverage=True, dp=9)
    east, west = (one.bases[0].mass_sum / FULL for one in weights.summaries)
    # As many tiles per row as half degrees, in four rows.
    assert west == pytest.approx(4 * 2.4, abs=1e-7)
    assert east == pytest.approx(4 * 3.6, abs=1e-7)
    shared = 0
    masses = {
        iso: dict(
            zip(
                columns(index, "tile_index", iso)["tile_id"],
                masses_of(index, iso, Basis.UNIFORM, None, by_coverage=True),
                strict=True,
            )
        )
        for iso in ("FR", "DE")
    }
    for tile in masses["FR"].keys() & masses["DE"].keys():
        shared += 1
        assert masses["FR"][tile] + masses["DE"][tile] == pytest.approx(FULL, abs=4)
    assert shared == 4
    first = columns(weights, "tile_weights", "FR")["weight_fp"][:3]
    assert first[2] / first[0] == pytest.approx(0.4, abs=1e-6)


def test_coverage_that_does_not_count_changes_no_weight(
    covered: PublishedIndex, tmp_path: Path
) -> None:
    weights = build_tile_weights(covered, tmp_path, basis="area_m2", dp=9)
    check(weights, covered, "area_m2", 9, None)


def test_a_country_that_covers_next_to_nothing_has_weights_all_the_same(
    half_degrees: Grid, tmp_path: Path
) -> None:
    """Less than 2^-31 of its only tile: a square millimetre of a degree."""
    features = [
        ("FR", "Square", shapely.box(0.0, 40.0, 5.0, 45.0)),
        ("VA", "Next to nothing", shapely.box(12.6, 41.6, 12.6 + 1e-6, 41.6 + 1e-6)),
    ]
    countries = countries_from_features(features)
    build_tile_index(countries, half_degrees, tmp_path, rule="any_overlap", coverage=True)
    index = open_index(tmp_path)
    assert columns(index, "tile_index", "VA")["coverage"][0] < 2**-31
    weights = build_tile_weights(index, tmp_path, basis="uniform", dp=3, weigh_by_coverage=True)
    assert columns(weights, "tile_weights", "VA")["weight_fp"] == [1000]
    assert weights.summaries[1].bases[0].mass_sum == 1


def test_coverage_with_the_rule_center_is_refused(
    tiny: CountrySet, half_degrees: Grid, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as caught:
        build_tile_index(tiny, half_degrees, tmp_path / "out", rule="center", coverage=True)
    assert caught.value.code == "coverage-rule"
    assert everything(tmp_path) == set()


# Refusals and failures.


def everything(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*")}


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"basis": "population"}, "basis-needs-raster"),
        ({"basis": "populated:1,area_m2:1"}, "basis-needs-raster"),
        ({"basis": "people"}, "basis-unknown"),
        ({"basis": "area_m2,uniform"}, "basis-syntax"),
        ({"dp": 19}, "dp-range"),
        ({"dp": -1}, "dp-range"),
        ({"weigh_by_coverage": True}, "coverage-missing"),
        ({"workers": 0}, "workers"),
        ({"unit_tiles": 0}, "unit-size"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_written(
    index: PublishedIndex, tmp_path: Path, options: dict[str, Any], code: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        build_tile_weights(index, tmp_path / "out", **options)
    assert caught.value.code == code
    assert everything(tmp_path) == set()


def test_a_raster_of_another_grid_is_refused_before_anything_is_written(
    index: PublishedIndex, tmp_path: Path
) -> None:
    other = Grid(-180.0, 60.0, 1.0, 1.0, 360, 120)
    people = write_raster(tmp_path / "a.tif", np.ones((120, 360), np.uint8), other)
    with pytest.raises(GridError) as caught:
        build_tile_weights(index, tmp_path / "out", basis="population", population=people)
    assert caught.value.code == "grids-differ"
    assert str(other) in caught.value.message
    assert str(index.grid) in caught.value.message
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("closedworld.stages.weights.population.read_band", population.read_band),
        ("closedworld.stages.weights.cutoffs.count_remainders", weight_files.count_remainders),
        ("closedworld.stages.weights.plan.write_weights", weight_files.write_weights),
    ],
    ids=["reading", "counting", "writing"],
)
def test_a_task_that_fails_is_named_and_nothing_is_left_to_see(
    index: PublishedIndex,
    raster: PopulationRaster,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    plain: Callable[[Any], Any],
    workers: int,
) -> None:
    """Neither published nor scratch files, in whichever phase it happens; the next run clears the rest."""
    people = in_windows(raster, 64 * 128)
    options: dict[str, Any] = {"basis": "population", "population": people, "sizes": SMALL}
    seen: list[str] = []

    def fails_third(task: Any) -> Any:
        seen.append(str(task))
        if len(seen) >= 3:
            raise ZeroDivisionError("made up")
        return plain(task)

    monkeypatch.setattr(name, fails_third)
    with pytest.raises(UnitError) as caught:
        build_tile_weights(index, tmp_path / "out", workers=workers, **options)
    assert "failed: ZeroDivisionError: made up" in caught.value.message
    assert any(caught.value.message.startswith(task) for task in seen[2:])
    assert visible_or_scratch(tmp_path) <= {"out"}
    monkeypatch.setattr(name, plain)
    build_tile_weights(index, tmp_path / "out", **options)
    assert not (tmp_path / "out" / ".staging").exists()


def test_a_value_too_large_names_its_place_and_leaves_nothing(
    index: PublishedIndex, half_degrees: Grid, tmp_path: Path
) -> None:
    pixels = persons(half_degrees)
    own = index.spans["ZA"]
    row, col = int(own.rows[5]), int(own.col_stops[5]) - 1
    pixels[row, col] = 3.4e38
    people = write_raster(tmp_path / "a.tif", pixels, half_degrees, nodata=-99999)
    with pytest.raises(InputError) as caught:
        build_tile_weights(index, tmp_path / "out", basis="population", population=people)
    assert caught.value.code == "raster-value-too-large"
    assert f"row {row}, column {col} holds 3.4e+38" in caught.value.message
    assert everything(tmp_path) <= {"out", "a.tif"}


def visible_or_scratch(root: Path) -> set[str]:
    """Return what is below a folder, other than finished units that wait for the next run."""
    return {
        path
        for path in everything(root)
        if not path.startswith("out/.staging") or path.endswith((".bin", ".scratch"))
    }


def test_an_observer_that_fails_leaves_nothing_to_see(
    index: PublishedIndex, raster: PopulationRaster, tmp_path: Path
) -> None:
    class Fails:
        def on_event(self, event: Event) -> None:
            if type(event) is events.CountryFinished:
                raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        build_tile_weights(
            index,
            tmp_path / "out",
            basis="population",
            population=raster,
            workers=2,
            observer=Fails(),
        )
    assert visible_or_scratch(tmp_path) <= {"out"}


def test_the_scratch_file_is_gone_after_success(
    index: PublishedIndex, raster: PopulationRaster, tmp_path: Path
) -> None:
    build_tile_weights(index, tmp_path, basis="population", population=raster)
    assert not (tmp_path / ".staging").exists()
    assert not any(path.endswith(".bin") for path in everything(tmp_path))


def test_events_come_in_order_and_add_up(
    index: PublishedIndex, raster: PopulationRaster, tmp_path: Path
) -> None:
    watcher = Watcher()
    build_tile_weights(index, tmp_path, basis="population", population=raster, observer=watcher)
    kinds = [type(event).__name__ for event in watcher.events]
    assert kinds[0] == "WorkStarted"
    assert kinds[-2:] == ["DatasetPublished"] * 2
    tiles = sum(own.tile_count for own in index.spans.values())
    works: Sequence[str] = [e.work for e in watcher.events if isinstance(e, events.WorkStarted)]
    assert list(works) == ["reading", "weighing", "writing"]
    done: Mapping[str, int] = {
        work: sum(
            e.tiles for e in watcher.events if isinstance(e, events.UnitFinished) and e.work == work
        )
        for work in works
    }
    assert dict(done) == dict.fromkeys(works, tiles)
    weighed = [e for e in watcher.events if isinstance(e, events.CountryWeighed)]
    assert [one.done for one in weighed] == list(range(1, len(index.spans) + 1))
