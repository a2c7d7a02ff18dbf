"""Points on the sphere: close to the mathematics library, and made of exact operations alone."""

from __future__ import annotations

import ast
from fractions import Fraction
from math import factorial
from pathlib import Path

import numpy as np
import pytest

from closedworld.kernels import sphere
from closedworld.kernels.sphere import EARTH_RADIUS_KM, arc_km, chord_km, sine_cosine, to_xyz


def test_sines_and_cosines_are_those_of_the_library() -> None:
    degrees = np.linspace(-180.0, 180.0, 100_001)
    sine, cosine = sine_cosine(degrees)
    np.testing.assert_allclose(sine, np.sin(np.radians(degrees)), atol=5e-16, rtol=0)
    np.testing.assert_allclose(cosine, np.cos(np.radians(degrees)), atol=5e-16, rtol=0)


def test_series_have_the_coefficients_of_taylor() -> None:
    """To the last bit: an error of the last ones would be below what other tests allow."""
    odd, even = range(3, 16, 2), range(2, 17, 2)
    assert [*sphere._SINE] == [float(Fraction((-1) ** (n // 2), factorial(n))) for n in odd]
    assert [*sphere._COSINE] == [float(Fraction((-1) ** (n // 2), factorial(n))) for n in even]
    arcsine = [Fraction(factorial(2 * k), 4**k * factorial(k) ** 2 * (2 * k + 1)) for k in range(6)]
    assert [*sphere._ARCSINE] == [float(one) for one in arcsine[1:]]


def test_quarters_are_exact() -> None:
    sine, cosine = sine_cosine(np.asarray([-180.0, -90.0, 0.0, 90.0, 180.0, 270.0, 360.0]))
    assert sine.tolist() == [0, -1, 0, 1, 0, -1, 0]
    assert cosine.tolist() == [-1, 0, 1, 0, -1, 0, 1]


def test_no_function_of_the_mathematics_library_decides_a_point_or_a_distance() -> None:
    """arcsin stands in for distances above 1,000 km alone, where no place is."""
    tree = ast.parse(Path(sphere.__file__).read_text(encoding="utf-8"))
    called = {
        n.func.attr
        for n in ast.walk(tree)
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)
    }
    assert called == {"astype", "arcsin", "full_like", "minimum", "rint", "sqrt", "stack", "where"}


def test_distances_are_those_of_the_haversine_formula() -> None:
    """Berlin to Hamburg, and over the antimeridian in Fiji."""
    for lon, lat, lon2, lat2 in (
        (13.41053, 52.52437, 9.99302, 53.55073),
        (179.9, -17.0, -179.8, -16.5),
    ):
        half = [np.radians(lat2 - lat) / 2, np.radians(lon2 - lon) / 2]
        a = np.sin(half[0]) ** 2
        a += np.cos(np.radians(lat)) * np.cos(np.radians(lat2)) * np.sin(half[1]) ** 2
        here, there = (
            to_xyz(np.asarray([x]), np.asarray([y])) for x, y in ((lon, lat), (lon2, lat2))
        )
        expected = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(a))
        assert arc_km(chord_km(here, there)) == pytest.approx([expected], rel=1e-9)


@pytest.mark.parametrize("km", [0.001, 1.0, 99.9, 999.0, 1001.0, 15_000.0])
def test_arcs_are_arcs(km: float) -> None:
    angle = km / EARTH_RADIUS_KM
    assert arc_km(np.asarray([2 * EARTH_RADIUS_KM * np.sin(angle / 2)])) == pytest.approx(
        [km], rel=1e-9
    )


def test_arcs_at_their_limits() -> None:
    """From 1,000 km on the arcsine; a chord that rounding made longer than the diameter is half the globe."""
    arcs = arc_km(np.asarray([0.0, 1000.0, 2 * EARTH_RADIUS_KM, 2.1 * EARTH_RADIUS_KM]))
    half = np.pi * EARTH_RADIUS_KM
    at_limit = 2 * EARTH_RADIUS_KM * np.arcsin(1000.0 / (2 * EARTH_RADIUS_KM))
    assert arcs.tolist() == [0.0, at_limit, half, half]
