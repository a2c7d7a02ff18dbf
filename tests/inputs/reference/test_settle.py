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
    return settle.Places(settle.to_xyz(lon, lat), persons)


def land(settle: Any, lon: list[float], lat: list[float]) -> Any:
    return settle.Land(settle.to_xyz(np.asarray(lon), np.asarray(lat)), np.full(len(lon), 80.0))


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
    cells = land(settle, [0.0, 0.1, 0.2, 3.0], [0.0, 0.0, 0.0, 0.0])
    persons, dropped = settle.spread_places(places(settle, (0, 0, 10_000.0)), cells)
    assert persons.sum() == pytest.approx(10_000.0)
    assert persons[0] > persons[1] > persons[3]
    assert persons[3] == 0
    assert dropped == 0


def test_place_off_the_coast_goes_to_the_nearest_cell_and_a_stray_is_dropped(settle: Any) -> None:
    cells = land(settle, [0.0, 0.1], [0.0, 0.0])
    listed = places(settle, (0.4, 0, 100.0), (5, 0, 100.0))
    persons, dropped = settle.spread_places(listed, cells)
    assert persons.tolist() == [0.0, 100.0]
    assert dropped == 1


def test_country_without_places_is_spread_by_land(settle: Any) -> None:
    cells = land(settle, [0.0, 0.1, 0.2], [0.0, 0.0, 0.0])
    counts, share, _ = settle.settle(places(settle), cells, 300)
    assert counts.tolist() == [100, 100, 100]
    assert share == 0


def test_lists_longer_than_the_country_are_scaled_down(settle: Any) -> None:
    cells = land(settle, [0.0, 0.1], [0.0, 0.0])
    counts, share, _ = settle.settle(places(settle, (0, 0, 5000.0)), cells, 1000)
    assert counts.sum() == 1000
    assert share == 0.95
