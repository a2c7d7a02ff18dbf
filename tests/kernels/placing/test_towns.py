"""The density of towns is what adding them up one by one gives."""

from __future__ import annotations

import math

import numpy as np
import pytest

from closedworld.kernels.placing import Towns
from closedworld.verification import site_law

COLS_OF_BLOCKS = 4320


@pytest.mark.parametrize("lat", [-89.0, -60.02, 0.0, 45.02, 80.0])
@pytest.mark.parametrize("persons", [1, 20_000, 5_000_000])
def test_the_density_of_towns_is_their_sum(persons: int, lat: float) -> None:
    """In the row and the column of blocks to both sides of the last one that a town at the antimeridian reaches."""
    lons, lats = np.array([-179.99, 179.95, 170.0]), np.array([lat, lat + 0.01, lat])
    people = np.array([persons, 3, 0])
    towns = Towns.of(lons, lats, people)
    assert towns.persons.tolist() == [persons, 3]
    plain = site_law.Towns(lons[:2], lats[:2], people[:2])
    down = np.concatenate([np.arange(-9, 10), np.zeros(180, np.int64)])
    row = math.floor((90.0 - lat) * 12) + down
    col = np.concatenate([np.zeros(19, np.int64), np.arange(-90, 90)]) % COLS_OF_BLOCKS
    middle_lons, middle_lats = (col + 0.3) / 12 - 180.0, 90.0 - (row + 0.6) / 12
    got = towns.density(row * COLS_OF_BLOCKS + col, middle_lons, middle_lats, 0.02, 0.01)
    width = 111.195 * np.cos(np.radians(middle_lats))
    expected = [
        [
            plain.density((int(r), int(c)), lon + east * 0.01, at + north * 0.005, km)
            for r, c, lon, at, km in zip(row, col, middle_lons, middle_lats, width, strict=True)
        ]
        for north in (1, -1)
        for east in (-1, 1)
    ]
    assert np.flatnonzero(got.any(axis=0)).size < row.size
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=3e-6)


def test_densities_are_whole_multiples_of_a_unit_so_that_their_order_does_not_count() -> None:
    """A unit is 2^-20 persons per square kilometre."""
    rng = np.random.default_rng(4)
    lons, lats, persons = rng.normal(7.0, 0.1, 9), rng.normal(50.0, 0.1, 9), np.arange(9) * 1000 + 3
    block = np.array([480 * COLS_OF_BLOCKS + 187 * 12] * 50)
    given = block, rng.normal(7.0, 0.1, 50), rng.normal(50.0, 0.1, 50), 0.01, 0.01
    got = Towns.of(lons, lats, persons).density(*given)
    assert (got > 0).all()
    units = got * 2.0**20
    assert (units == np.rint(units)).all()
    assert (units % 2 == 1).any()
    back = Towns.of(lons[::-1], lats[::-1], persons[::-1]).density(*given)
    assert np.array_equal(got, back)


def test_a_country_without_towns_has_no_density() -> None:
    towns = Towns.of(np.array([3.0]), np.array([4.0]), np.array([0]))
    got = towns.density(np.array([5, 6]), np.zeros(2), np.zeros(2), 0.1, 0.1)
    assert got.tolist() == [[0.0, 0.0]] * 4
