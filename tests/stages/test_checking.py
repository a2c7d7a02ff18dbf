"""The checks of stages pass on what is sound, however small, and fail on what is not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest
import shapely
from scipy import stats

from closedworld.errors import IntegrityError
from closedworld.inputs.reference.places import country_places
from closedworld.inputs.regions.country_set import Country
from closedworld.kernels.grid import Grid
from closedworld.stages.checked_results import CheckedResult
from closedworld.stages.checking import (
    CheckCounts,
    count_zones,
    deviations,
    groups_of,
    in_polygons,
    on_tile_lines,
    stage_validation,
)
from closedworld.stages.sites.checks import CLAIMS
from closedworld.store.journal import FinishedTask
from closedworld.store.local import LocalStorage

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("freedom", [1, 2, 5, 40, 10_000])
def test_deviations_are_those_of_the_tail(freedom: int) -> None:
    for sigma in (-1.0, 0.0, 2.0, 4.0):
        chi_square = stats.chi2.isf(stats.norm.sf(sigma), freedom)
        assert deviations(chi_square, freedom) == pytest.approx(sigma, abs=0.25)
    assert deviations(0.0, 0) == 0.0


@pytest.mark.parametrize("seed", range(20))
def test_every_group_expects_enough(seed: int) -> None:
    expected = np.random.default_rng(seed).pareto(0.8, 300)
    groups = groups_of(expected)
    assert (np.diff(groups) >= 0).all()
    assert (np.diff(groups) <= 1).all()
    sums = np.bincount(groups, weights=expected)
    assert (sums >= 20).all() or len(sums) == 1


def test_a_country_of_few_sites_has_one_group() -> None:
    assert groups_of(np.array([1.0, 0.5, 3.0])).tolist() == [0, 0, 0]


def test_sites_that_ignore_their_blocks_fail() -> None:
    counts = CheckCounts(chi_square=400.0, freedom=100)
    (blocks,) = (one for one in counts.results(CLAIMS) if one["check"] == "blocks")
    assert not blocks["passed"]
    assert blocks["failed"] == 1


@pytest.mark.parametrize(
    ("expected", "groups"),
    [
        ([20.0, 20.0, 20.0], [0, 1, 2]),
        ([20.0, 20.0, 20.0, 5.0], [0, 1, 2, 2]),
        ([25.0, 18.0], [0, 0]),
        ([25.0, 19.5, 40.0, 18.0], [0, 1, 1, 1]),
    ],
)
def test_a_group_ends_once_it_expects_enough(expected: list[float], groups: list[int]) -> None:
    assert groups_of(np.array(expected)).tolist() == groups


@pytest.mark.parametrize(
    ("check", "failed", "passed"),
    [("seeds", 2, True), ("seeds", 3, False), ("tiles", 0, True), ("tiles", 1, False)],
)
def test_one_failure_is_too_many_but_seeds_may_give_the_same_site_once_in_a_hundred(
    check: str, failed: int, *, passed: bool
) -> None:
    counts = CheckCounts()
    counts.add(check, 150, 0)
    counts.add(check, 99, failed)
    (result,) = (one for one in counts.results(CLAIMS) if one["check"] == check)
    assert result == {
        "check": check,
        "claim": CLAIMS[check],
        "checked": 249,
        "failed": failed,
        "passed": passed,
    }


def test_counts_of_tasks_are_added() -> None:
    total = CheckCounts()
    for counted in (3, 4):
        own = CheckCounts({"tiles": counted}, {"tiles": 1}, counted / 2, counted)
        metadata = json.loads(json.dumps(CheckedResult(checks=own).metadata()))
        total.merge(CheckedResult.resumed(FinishedTask("", (), metadata)).checks)
    assert total == CheckCounts({"tiles": 7}, {"tiles": 2}, 3.5, 7)


def test_a_failed_check_names_its_claim_and_is_not_written(tmp_path: Path) -> None:
    counts = CheckCounts({"a": 1000, "b": 5}, {"a": 0, "b": 0})
    claims = {"a": "all is well", "b": "all is better"}
    entry = stage_validation(LocalStorage(tmp_path), "sites", counts, claims, "sites-invalid")
    written = json.loads((tmp_path / entry.path).read_bytes())
    assert (entry.rows, written["passed"], len(written["checks"])) == (2, True, 2)
    counts.add("a", 234, 17)
    with pytest.raises(IntegrityError, match=r": all is well: wrong for 17 of 1,234\.") as caught:
        stage_validation(LocalStorage(tmp_path), "sites", counts, claims, "sites-invalid")
    assert caught.value.code == "sites-invalid"


@pytest.mark.parametrize("west", [-180.0, 0.0, -540.0])
def test_a_tile_holds_its_border_on_any_turn(west: float) -> None:
    grid = Grid(west, 90.0, 10.0, 10.0, 36, 18)
    col = int(-20 - west) // 10 % 36
    at = np.array([[-20, 80], [-10, 70], [-15, 75], [-20.1, 75], [-9.9, 75], [-15, 80.1], [-15, 69.9]])  # fmt: skip
    tiles = np.full(len(at), 36 + col)
    assert on_tile_lines(grid, tiles, at[:, 0], at[:, 1]).tolist() == [True] * 3 + [False] * 4


@pytest.mark.parametrize("west", [179.0, -181.0])
def test_a_country_holds_its_border_on_any_turn(west: float) -> None:
    boxes = shapely.box(0, 0, 1, 1), shapely.box(west, -1, west + 2, 1)
    country = Country("FJ", "Fiji", tuple(shapely.MultiPolygon([box]) for box in boxes))
    lons = np.array([0, 1, 1.1, 0.5, 179, -179, -179.5, 179.5, 180, -178.9, 178.9, -180, 179.5])
    lats = np.array([0, 1, 1, 1.1, -1, 1, 0, 0, 1, 0, 0, 0, 1.1])
    expected = [1, 1, 0, 0, 1, 1, 1, 1, 1, 0, 0, 1, 0]
    assert in_polygons(country, lons, lats).tolist() == [bool(one) for one in expected]


def test_a_time_zone_must_be_one_of_the_country() -> None:
    counts = CheckCounts()
    tzids = pa.chunked_array([["Europe/Berlin", "Europe/Paris"], ["Europe/Berlin"]])
    count_zones(counts, country_places("DE"), tzids)
    count_zones(counts, country_places("DE"), pa.chunked_array([], pa.string()))
    assert counts == CheckCounts({"time_zones": 3}, {"time_zones": 1})
