"""The checks of stages pass on what is sound, however small, and fail on what is not."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
import shapely
from scipy import stats

from closedworld.errors import IntegrityError
from closedworld.inputs.reference.places import country_places
from closedworld.inputs.regions.country_set import Country
from closedworld.kernels.grid import Grid
from closedworld.kernels.sphere import EARTH_RADIUS_KM
from closedworld.stages.checked_results import CheckedResult, _digests
from closedworld.stages.checking import (
    CheckCounts,
    count_blocks,
    count_circles,
    count_keys,
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
    from collections.abc import Iterable
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
        # Rough groups end where the sum passes a multiple of 20: 19, 6 and 20.
        ([18.0, 1.0, 3.0, 1.0, 1.0, 1.0, 20.0], [0, 0, 0, 0, 0, 0, 1]),
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


def test_a_point_of_one_island_is_in_the_country_whatever_island_comes_after() -> None:
    boxes = shapely.box(0, 0, 1, 1), shapely.box(0, 2, 2, 3)
    country = Country("FJ", "Fiji", tuple(shapely.MultiPolygon([box]) for box in boxes))
    lons, lats = np.array([0.5, 0.5, 1.5, 1.5]), np.array([0.5, 2.5, 0.5, 2.5])
    assert in_polygons(country, lons, lats).tolist() == [True, True, False, True]


def test_a_time_zone_must_be_one_of_the_country() -> None:
    counts = CheckCounts()
    tzids = pa.chunked_array([["Europe/Berlin", "Europe/Paris"], ["Europe/Berlin"]])
    count_zones(counts, country_places("DE"), tzids)
    count_zones(counts, country_places("DE"), pa.chunked_array([], pa.string()))
    assert counts == CheckCounts({"time_zones": 3}, {"time_zones": 1})


@pytest.mark.parametrize(
    ("chi_square", "freedom", "expected"),
    [
        (2.0, 2, 1 / 3),
        (50.0, 50, 1 / 15),
        (0.0, 2, -8 / 3),
        (16.0, 2, 10 / 3),
        (400.0, 50, 15.06666),
    ],
)
def test_deviations_are_those_of_wilson_and_hilferty(
    chi_square: float, freedom: int, expected: float
) -> None:
    """By hand: ((X / k)^(1/3) - (1 - 2/9k)) / sqrt(2/9k), for X / k of 0, 1 and 8."""
    assert deviations(chi_square, freedom) == pytest.approx(expected, rel=1e-6)


def test_a_check_that_had_nothing_to_look_at_passes() -> None:
    results = CheckCounts().results(CLAIMS)
    assert [(one["check"], one["claim"]) for one in results] == list(CLAIMS.items())
    assert {(one["checked"], one["failed"], one["passed"]) for one in results} == {(0, 0, True)}
    (blocks,) = (one for one in results if one["check"] == "blocks")
    assert (blocks["chi_square"], blocks["degrees_of_freedom"]) == (0.0, 0)


def test_blocks_may_deviate_by_less_than_six_and_are_stated_to_a_thousandth(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counts = CheckCounts({"blocks": 9}, {"blocks": 0}, 12.34567, 7)
    for away, passed in ((5.999, True), (-5.999, True), (6.0, False), (-6.0, False)):
        monkeypatch.setattr("closedworld.stages.checking.deviations", lambda *_, away=away: away)
        (found,) = counts.results({"blocks": "as their mass says"})
        assert found == {
            "check": "blocks",
            "claim": "as their mass says",
            "checked": 9,
            "chi_square": 12.346,
            "degrees_of_freedom": 7,
            "failed": int(not passed),
            "passed": passed,
        }


def test_what_was_checked_is_written_as_lines_of_json(tmp_path: Path) -> None:
    counts = CheckCounts({"a": 3}, {"a": 0})
    entry = stage_validation(LocalStorage(tmp_path), "sites", counts, {"a": "wéll"}, "bad")
    assert (tmp_path / entry.path).read_text(encoding="ascii").splitlines() == [
        "{",
        ' "stage": "sites",',
        ' "passed": true,',
        ' "checks": [',
        "  {",
        '   "check": "a",',
        r'   "claim": "w\u00e9ll",',
        '   "checked": 3,',
        '   "failed": 0,',
        '   "passed": true',
        "  }",
        " ]",
        "}",
    ]


@pytest.mark.parametrize(
    ("wanted", "wrong"), [([], 0), ([1, 2, 3], 0), ([1, 2, 4], 1), ([4, 5, 6], 3)]
)
def test_keys_are_those_wanted_in_their_order(wanted: list[int], wrong: int) -> None:
    rows = pa.table({"a": pa.chunked_array([[1], [2, 3]])}).slice(0, len(wanted))
    rows = rows.append_column("b", pa.repeat("x", len(wanted)))
    counts = CheckCounts()
    count_keys(counts, rows, {"a": pa.array(wanted, pa.int64()), "b": rows["b"]})
    assert counts == CheckCounts(
        {"rows": len(wanted), "keys": len(wanted)}, {"rows": 0, "keys": wrong}
    )


def test_points_lie_in_their_circles_but_for_a_millionth_of_the_radius() -> None:
    """A circle of no radius has its middle; rows without a circle do not count."""
    degree_km = np.pi / 180 * EARTH_RADIUS_KM
    radii = np.array([0.0, 50.0, 50.0, 50.0, 0.5, 0.5, np.nan])
    away = np.array([0.0, 50.0, 50.00003, 50.00006, 0.5000003, 0.5000006, 3.0])
    lats = np.where(np.isnan(radii), np.nan, 10.0)
    circles = np.stack([np.where(np.isnan(radii), np.nan, 5.0), lats, radii], axis=1)
    counts = CheckCounts()
    count_circles(counts, circles, np.full(len(radii), 5.0), 10.0 - away / degree_km)
    assert counts == CheckCounts({"areas": 6}, {"areas": 2})
    count_circles(counts, circles[:0], np.zeros(0), np.zeros(0))
    assert counts == CheckCounts({"areas": 6}, {"areas": 2})


@pytest.mark.parametrize(
    ("points", "chi_square", "freedom"),
    [
        # 20, 20 and 40 are expected: three groups.
        ((25, 25, 30), 25 / 20 + 25 / 20 + 100 / 40, 2),
        # 10, 10 and 20: the first two are one group.
        ((18, 12, 10), 100 / 20 + 100 / 20, 1),
        # 5, 5 and 10: too few to say anything.
        ((20, 0, 0), 0.0, 0),
        ((0, 0, 0), 0.0, 0),
    ],
)
def test_blocks_are_compared_with_their_masses(
    points: tuple[int, int, int], chi_square: float, freedom: int
) -> None:
    """Three tiles, each a block, of masses 1, 1 and 2 at the exponent that was asked for."""
    lattice = SimpleNamespace(
        row_blocks=np.zeros(1, np.int64),
        col_blocks=np.array([4, 7, 9]),
        block_ids=lambda rows, cols: rows + cols,
    )
    blocks = SimpleNamespace(
        lattice=lattice,
        ids=np.array([4, 7, 9]),
        masses=lambda gamma8: np.array([1, 1, 2] if gamma8 == 9 else [1, 1, 1]),
    )
    grid = Grid(0.0, 1.0, 1.0, 1.0, 3, 1)
    domain: Any = SimpleNamespace(spans=SimpleNamespace(grid=grid), blocks=blocks)
    counts = CheckCounts(chi_square=1.0, freedom=3)
    count_blocks(counts, domain, 9, np.repeat(np.arange(3), points))
    assert (counts.checked, counts.failed) == ({"blocks": sum(points)}, {"blocks": 0})
    assert counts.chi_square == pytest.approx(1.0 + chi_square)
    assert counts.freedom == 3 + freedom


def test_rows_are_read_again_for_their_digest_where_they_lie_in_several_files(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """That of a single file is known; a dataset that no task has written has none."""
    read: list[tuple[list[str], str]] = []

    def staged(_: Any, files: list[str], dataset: Any) -> list[Any]:
        read.append((files, dataset.name))
        batch = pa.record_batch({"a": pa.array([1, 2], pa.int32())})
        return [SimpleNamespace(iter_batches=lambda **_: [batch])] * len(files)

    def digest_of(batches: Iterable[pa.RecordBatch]) -> bytes:
        return b"".join(bytes(batch["a"].to_pylist()) for batch in batches)

    monkeypatch.setattr("closedworld.stages.checked_results.staged_parts", staged)
    schema = pa.schema({"a": pa.int64()})
    datasets: Any = [
        SimpleNamespace(name=name, schema=schema, digest_of=digest_of)
        for name in ("sites", "merchants", "none")
    ]
    results: Any = [
        SimpleNamespace(digests={"sites": "aa", "merchants": "bb"}, files=["x"]),
        SimpleNamespace(digests={"sites": "cc"}, files=["y", "z"]),
    ]
    folder: Any = None
    assert _digests(folder, datasets, results) == {
        "sites": bytes([1, 2] * 3), "merchants": b"\xbb"
    }  # fmt: skip
    assert read == [(["x", "y", "z"], "sites")]
    assert _digests(folder, datasets, results[1:]) == {"sites": b"\xcc"}
    assert len(read) == 1
    assert _digests(folder, datasets, []) == {}
