"""Exact division where float64 and 64-bit integers end, next to Python integers."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from closedworld.kernels.weights.division import divided


def expect_exact(masses: list[int], units: int, total: int) -> None:
    quotients, remainders = divided(np.array(masses, np.int64), units, total)
    found = list(zip(quotients.tolist(), remainders.tolist(), strict=True))
    assert found == [divmod(mass * units, total) for mass in masses]


@pytest.mark.parametrize("total", [(1 << 62) - 1, 1 << 62, (1 << 63) - 1])
@pytest.mark.parametrize("units", [1, 2, 1000, 10**18])
def test_remainders_of_totals_near_64_bits(total: int, units: int) -> None:
    """A quotient that is estimated one too small would leave a remainder beyond 64 bits."""
    step = total // units
    masses = [0, 1, *(k * step + more for k in (1, 2, 3) for more in (0, 1, 2)), total]
    expect_exact([mass for mass in masses if mass <= total], units, total)


def test_quotients_from_which_an_estimate_is_off_by_more_than_one() -> None:
    random = Random(3)
    for _ in range(400):
        total, units = random.randrange(1 << 10, 1 << 12), random.randrange(1 << 49, 1 << 50)
        expect_exact([total, *(random.randrange(total) for _ in range(50))], units, total)


def test_quotients_up_to_which_an_estimate_is_off_by_one_at_most() -> None:
    """Just below 2^49: the estimate is a 2^-50th too small and rounded, by less than one together."""
    random = Random(5)
    for _ in range(200):
        units = (1 << 49) - random.randrange(1, 1 << 30)
        total = random.randrange(1 << 5, 1 << 13)
        expect_exact(
            [total, total - 1, *(random.randrange(total) for _ in range(50))], units, total
        )


def test_no_masses_have_no_quotients() -> None:
    quotients, remainders = divided(np.array([], np.int64), 10**12, 7)
    assert (quotients.tolist(), remainders.tolist()) == ([], [])
    assert quotients.dtype == np.uint64
