"""The table of kinds is complete and consistent."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from closedworld.inputs.merchants import kinds
from closedworld.inputs.merchants.kinds import (
    GAMMA_STEPS,
    kind_of_mcc,
    merchant_kinds,
)

FILE = Path(kinds.__file__).with_name("kinds.toml")


def test_every_kind_says_what_it_rests_on_and_nothing_that_is_not_read() -> None:
    for name, one in tomllib.loads(FILE.read_text(encoding="utf-8")).items():
        assert set(one) <= {
            "mccs",
            "gamma",
            "gamma_developing",
            "spacing",
            "has_site",
            "evidence",
        }, name
        assert one["spacing"] in {"catchment", "none"}, name
        assert (one["gamma"] * GAMMA_STEPS).is_integer(), name
        assert one["gamma"] <= one["gamma_developing"] <= one["gamma"] + 0.25, name
        assert (one["gamma_developing"] * GAMMA_STEPS).is_integer(), name
        assert one["evidence"].startswith(("Measured: ", "By analogy ", "Digital ")), name


def test_a_code_belongs_to_one_kind() -> None:
    codes = [mcc for kind in merchant_kinds().values() for mcc in kind.mccs]
    assert len(codes) == len(set(codes))
    assert all(1 <= mcc <= 9999 for mcc in codes)


@pytest.mark.parametrize(
    ("mcc", "name", "gamma8", "spaced", "has_site"),
    [
        (5411, "grocery", 9, True, True),
        (5912, "pharmacy", 9, False, True),
        (6011, "bank", 10, False, True),
        (5817, "online", 8, False, False),
    ],
)
def test_a_kind_is_found_by_its_code_and_name(
    mcc: int, name: str, gamma8: int, *, spaced: bool, has_site: bool
) -> None:
    kind = kind_of_mcc(mcc)
    assert kind is not None
    assert kind == merchant_kinds()[name]
    assert (kind.gamma8, kind.spaced, kind.has_site) == (gamma8, spaced, has_site)


def test_other_codes_are_of_no_kind() -> None:
    assert kind_of_mcc(1) is None


@pytest.mark.parametrize(
    ("countries", "gamma8"),
    [(["ES"], 6), (["US"], 6), (["MX"], 8), (["CL", "AR"], 8), (["MX", "US"], 6), ([], 6)],
)
def test_outlets_crowd_into_cities_of_developing_countries(
    countries: list[str], gamma8: int
) -> None:
    fuel = merchant_kinds()["fuel"]
    assert fuel.gamma8_in(countries) == gamma8
