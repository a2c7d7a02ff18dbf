"""Published weights against the law in Python integers."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
from weights_law import MIXTURES, Watcher, check, persons, write_raster

from closedworld.errors import ConfigError
from closedworld.execution import events
from closedworld.inputs.loading import PopulationRaster, load_population
from closedworld.published.tile_index import PublishedIndex, open_index
from closedworld.stages.tiles.build import build_tile_index
from closedworld.stages.weights.build import build_tile_weights
from closedworld.stages.weights.outcome import persons_of

if TYPE_CHECKING:
    from pathlib import Path

    from closedworld.inputs.regions.country_set import CountrySet
    from closedworld.kernels.grid import Grid


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


def test_people_are_known_of_weights_that_count_them(
    index: PublishedIndex, raster: PopulationRaster, half_degrees: Grid, tmp_path: Path
) -> None:
    weights = build_tile_weights(index, tmp_path, basis="population", population=raster)
    people = np.nan_to_num(persons(half_degrees).ravel()).clip(min=0)
    people[people == np.float32(-99999)] = 0
    assert persons_of(weights.published) == pytest.approx(
        {iso: people[own.tile_ids().astype(np.int64)].sum() for iso, own in index.spans.items()}
    )
    areas = build_tile_weights(index, tmp_path, basis="area_m2")
    with pytest.raises(ConfigError, match="population-missing"):
        persons_of(areas.published)


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
    assert message.startswith("2 countries have no population")
    assert message.endswith("LS, PH.")
    (told,) = (one for one in watcher.events if isinstance(one, events.RasterRead))
    assert told.missing == index.spans["PH"].tile_count
    assert told.negative == index.spans["LS"].tile_count


def test_a_world_where_all_have_people_warns_of_no_fallback(
    index: PublishedIndex, half_degrees: Grid, tmp_path: Path
) -> None:
    pixels = np.clip(persons(half_degrees), 1, 50)
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
