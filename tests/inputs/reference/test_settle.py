"""The arithmetic that lays people over cells, on worlds of a few cells."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("scipy", reason="only the build of the reference data needs scipy")
SCRIPT = Path(__file__).resolve().parents[3] / "scripts" / "reference" / "settle.py"


@pytest.fixture(scope="module")
def settle() -> Any:
    spec = importlib.util.spec_from_file_location("reference_settle", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up while it is loaded
    spec.loader.exec_module(module)
    return module


def places(settle: Any, *rows: tuple[float, float, float]) -> Any:
    lon, lat, persons = np.asarray(rows, dtype=np.float64).reshape(-1, 3).T
    return settle.Places(lon, lat, persons)


def land(settle: Any, *cells: tuple[int, int], window: tuple[int, int] = (3, 40)) -> Any:
    """Cells of 80 km2 in a window whose north-west corner is at 0 degrees east and north."""
    area = np.zeros(window)
    for cell in cells:
        area[cell] = 80.0
    inside = np.repeat(np.repeat(area > 0, settle.SUBCELLS, axis=0), settle.SUBCELLS, axis=1)
    return settle.Land(1080, 2160, area, inside)


def spread(settle: Any, listed: Any, cells: Any) -> Any:
    """Lay every place with the persons that it lists."""
    return settle.spread_places(listed, listed.persons, cells)


def test_whole_persons_go_to_the_largest_remainders_then_the_first_cell(settle: Any) -> None:
    assert settle.whole_persons(np.array([1.0, 1.0, 1.0]), 4).tolist() == [2, 1, 1]
    assert settle.whole_persons(np.array([5.5, 2.3, 2.2]), 10).tolist() == [6, 2, 2]
    assert settle.whole_persons(np.array([1.0, 2.0]), 0).tolist() == [0, 0]


def test_boroughs_are_not_counted_twice(settle: Any) -> None:
    """A city of a million beside its three boroughs of 300,000 keeps a tenth at its point."""
    listed = places(
        settle, (0, 0, 1e6), (0.02, 0, 3e5), (-0.02, 0, 3e5), (0, 0.02, 3e5), (1, 1, 5e3)
    )
    assert settle.without_sections(listed).persons.tolist() == pytest.approx(
        [1e5, 3e5, 3e5, 3e5, 5e3]
    )


def test_twin_towns_stay_two(settle: Any) -> None:
    listed = places(settle, (0, 0, 3e5), (0.02, 0, 3e5), (0, 0.02, 2e5))
    assert settle.without_sections(listed).persons.tolist() == [3e5, 3e5, 2e5]


def test_people_thin_out_with_distance_and_none_are_lost(settle: Any) -> None:
    """A town of 100,000 reaches 8.6 km: into the next cell, not into the fourth."""
    cells = land(settle, (0, 0), (0, 1), (0, 3))
    persons, dropped = spread(settle, places(settle, (0.05, -0.04, 100_000.0)), cells)
    assert persons.sum() == pytest.approx(100_000.0)
    assert persons[0] > 5 * persons[1] > 0
    assert persons[2] == 0
    assert dropped == 0


def test_a_hamlet_on_the_edge_of_a_cell_is_shared_with_the_next(settle: Any) -> None:
    cells = land(settle, (0, 0), (0, 1), (1, 0), (1, 1))
    persons, _ = spread(settle, places(settle, (1 / 12, -0.04, 600.0)), cells)
    assert persons[[0, 1]] == pytest.approx([300.0, 300.0], rel=0.01)


def test_people_stay_on_the_subcells_of_their_country(settle: Any) -> None:
    """The western half of the second cell is the neighbour's: its people move to what is left."""
    cells = land(settle, (0, 0), (0, 1))
    cells.inside[:, 10:15] = False
    near = settle.subcells_within(1 / 12, -0.04, 8.0, cells)
    assert set(near[1]) & set(range(10, 15)) == set()
    persons, _ = spread(settle, places(settle, (1 / 12, -0.04, 600.0)), cells)
    assert persons.sum() == pytest.approx(600.0)
    assert persons[0] > 10 * persons[1]


def test_distances_are_measured_over_the_antimeridian(settle: Any) -> None:
    window = settle.Land(1080, 0, np.full((1, 4320), 80.0), np.ones((10, 43200), dtype=bool))
    _, col, km = settle.subcells_within(179.999, -0.04, 3.0, window)
    assert {0, 43199} <= set(col.tolist())
    assert km.max() <= 3.0


def test_place_off_the_coast_goes_to_the_nearest_cell_and_a_stray_is_dropped(settle: Any) -> None:
    cells = land(settle, (0, 0), (0, 1))
    listed = places(settle, (0.4, -0.04, 100.0), (3, -0.04, 100.0))
    persons, dropped = spread(settle, listed, cells)
    assert persons.tolist() == [0.0, 100.0]
    assert dropped == 1


def test_country_without_places_is_spread_by_land(settle: Any) -> None:
    cells = land(settle, (0, 0), (0, 1), (2, 7))
    counts, dropped = settle.settle(places(settle), cells, 300)
    assert counts.tolist() == [100, 100, 100]
    assert dropped == 0


def test_places_are_scaled_together_up_to_half_more(settle: Any) -> None:
    two = places(settle, (0, 0, 10_000.0), (1, 0, 100.0))
    assert settle.people_round(two, 5_050.0) == pytest.approx([5_000.0, 50.0])
    assert settle.people_round(two, 12_120.0) == pytest.approx([12_000.0, 120.0])


def test_people_beyond_that_live_in_small_places(settle: Any) -> None:
    """11,000 people more than 1.5 times the list: 10 to 1, as the roots of 10,000 and 100."""
    two = places(settle, (0, 0, 10_000.0), (1, 0, 100.0))
    assert settle.people_round(two, 15_150.0 + 11_000.0) == pytest.approx([25_000.0, 1_150.0])


@pytest.mark.parametrize("listed", [50.0, 5000.0])
@pytest.mark.parametrize(("n", "outside"), [(1, 2_000), (2, 1_000), (4, 500), (8, 500)])
def test_one_in_twenty_lives_in_the_countryside_whatever_the_places_list(
    settle: Any, listed: float, n: int, outside: int
) -> None:
    """One in five beside a single place. The far cell has as much land as that of the places."""
    cells = land(settle, (0, 0), (0, 2))
    counts, _ = settle.settle(places(settle, *[(0.04, -0.04, listed)] * n), cells, 10_000)
    assert counts.sum() == 10_000
    assert 10_000 - outside <= counts[0] < 10_000
    assert counts[1] > 0


def test_far_countryside_has_its_share(settle: Any) -> None:
    """Two towns of one size, so the eight nearest places pull alike."""
    cells = land(settle, (0, 0), (0, 20), (0, 39))
    counts, _ = settle.settle(places(settle, (0.04, -0.04, 1e3), (3.3, -0.04, 1e3)), cells, 10_000)
    assert counts[[0, 2]].sum() >= 9_000
    assert 0 < counts[1] < 1_000
