"""Weights by coverage: a tile counts for its share of the country."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import shapely
from weights_law import FULL, MIXTURES, check, columns, masses_of, persons

from closedworld.inputs.regions.country_reading import countries_from_features
from closedworld.kernels.weights import Basis
from closedworld.published.tile_index import PublishedIndex, open_index
from closedworld.stages.tiles.build import build_tile_index
from closedworld.stages.weights.build import build_tile_weights

if TYPE_CHECKING:
    from pathlib import Path

    from closedworld.inputs.loading import PopulationRaster
    from closedworld.kernels.grid import Grid


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
