"""Bases and mixtures: how they are written, what is the same, and who hands out which units."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from effort import examples
from hypothesis import given
from hypothesis import strategies as st

from closedworld.errors import ConfigError
from closedworld.kernels.limits import MAX_DP, MAX_POINTS
from closedworld.kernels.weights import Basis, Mixture, basis_in_words
from closedworld.testing import apportioned

if TYPE_CHECKING:
    from random import Random

NAMES = ["uniform", "area_m2", "population", "populated"]

# Decimal numbers above zero, as they are written.
SHARES = st.decimals("0.0001", 9999, places=4).map(str)


@st.composite
def written(draw: st.DrawFn, min_parts: int = 1) -> list[tuple[str, str]]:
    """Draw names and shares, in any order."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=min_parts, max_size=4, unique=True))
    return [(name, draw(SHARES)) for name in names]


def text_of(parts: list[tuple[str, str]]) -> str:
    return ",".join(f"{name}:{share}" for name, share in parts)


def test_the_bases_have_these_names() -> None:
    assert sorted(basis.value for basis in Basis) == sorted(NAMES)
    assert [str(Basis(name)) for name in NAMES] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_basis_by_itself_is_a_mixture_of_one(name: str) -> None:
    mixture = Mixture.parse(name)
    assert mixture.parts == ((Basis(name), 1),)
    assert str(mixture) == name
    assert mixture == Mixture.parse(f"{name}:0.25") == Mixture.parse(f"{name}:7")


CANONICAL = {
    "population:0.9,area_m2:0.1": "population:9,area_m2:1",
    "area_m2:0.10,population:0.90": "population:9,area_m2:1",
    "population:9,area_m2:1": "population:9,area_m2:1",
    "population:18,area_m2:2.0": "population:9,area_m2:1",
    "uniform:0.5,area_m2:0.5": "area_m2:1,uniform:1",
    "uniform:1,populated:1,population:1,area_m2:1": "area_m2:1,populated:1,population:1,uniform:1",
    "uniform:1,populated:2,population:1.5": "populated:4,population:3,uniform:2",
    "populated:0.333,population:0.667": "population:667,populated:333",
    "population:100,uniform:0.01": "population:10000,uniform:1",
}


@pytest.mark.parametrize(("text", "canonical"), CANONICAL.items())
def test_a_mixture_has_one_way_to_be_written(text: str, canonical: str) -> None:
    """A reduced whole-number ratio, the larger first, equal ones by name."""
    mixture = Mixture.parse(text)
    assert str(mixture) == canonical
    assert mixture == Mixture.parse(canonical)
    assert hash(mixture) == hash(Mixture.parse(canonical))


def test_the_parts_are_bases_with_python_integers() -> None:
    mixture = Mixture.parse("area_m2:0.25,population:0.75")
    assert mixture.parts == ((Basis.POPULATION, 3), (Basis.AREA_M2, 1))
    assert {type(share) for _, share in mixture.parts} == {int}


def test_other_shares_or_bases_are_other_mixtures() -> None:
    texts = ["population", "populated", "population:9,area_m2:1", "population:9,uniform:1",
             "area_m2:9,population:1", "population:91,area_m2:9"]  # fmt: skip
    assert len({Mixture.parse(text) for text in texts}) == len(texts)


def test_a_mixture_cannot_be_changed() -> None:
    mixture = Mixture.parse("population")
    with pytest.raises(dataclasses.FrozenInstanceError):
        mixture.parts = ()  # type: ignore[misc]


@examples(200)
@given(parts=written(), order=st.randoms(use_true_random=False), factor=st.integers(1, 50))
def test_order_and_scale_are_no_matter(
    parts: list[tuple[str, str]], order: Random, factor: int
) -> None:
    mixture = Mixture.parse(text_of(parts))
    scaled = [(name, str(Fraction(share) * factor * 10**4)) for name, share in parts]
    order.shuffle(scaled)
    assert Mixture.parse(text_of(scaled)) == mixture
    assert Mixture.parse(str(mixture)) == mixture


@examples(200)
@given(parts=written(min_parts=2))
def test_the_ratio_is_that_of_the_shares(parts: list[tuple[str, str]]) -> None:
    mixture = Mixture.parse(text_of(parts))
    ratio = dict(mixture.parts)
    assert set(ratio) == {Basis(name) for name, _ in parts}
    per_share = {ratio[Basis(name)] / Fraction(share) for name, share in parts}
    assert len(per_share) == 1
    assert list(mixture.parts) == sorted(mixture.parts, key=lambda part: (-part[1], part[0].value))


REFUSED = {
    "": "basis-syntax",
    "population,area_m2": "basis-syntax",
    "population:0.9,area_m2": "basis-syntax",
    "population:0.9,,area_m2:0.1": "basis-syntax",
    "population:0.9,": "basis-syntax",
    ":0.9": "basis-syntax",
    "people": "basis-unknown",
    "population:0.9,forest:0.1": "basis-unknown",
    "population_m2:1": "basis-unknown",
    "population:0,area_m2:1": "basis-share",
    "population:0.000": "basis-share",
    "population:-0.9,area_m2:0.1": "basis-share",
    "population:half,area_m2:0.5": "basis-share",
    "population:1/2,area_m2:1/2": "basis-share",
    "population:nan,area_m2:1": "basis-share",
    "population:inf,area_m2:1": "basis-share",
    "population:0.9:0.1": "basis-share",
    "population:0.9,population:0.1": "basis-twice",
    "population:0.5,area_m2:0.2,population:0.5": "basis-twice",
}


@pytest.mark.parametrize(("text", "code"), REFUSED.items())
def test_what_is_no_mixture_is_refused_under_a_stable_code(text: str, code: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Mixture.parse(text)
    assert caught.value.code == code
    assert caught.value.exit_code == 2


def test_the_former_name_of_a_basis_is_answered_with_the_new_one() -> None:
    for text in ("settled", "population:9,settled:1"):
        with pytest.raises(ConfigError) as caught:
            Mixture.parse(text)
        assert caught.value.code == "basis-unknown"
        assert caught.value.hint == "Basis settled is called populated now."


@pytest.mark.parametrize(
    "share", ["0." + "3" * 19, "1" * 19, "0." + "3" * 5000, "1" * 5000 + ".5"], ids=len
)
def test_a_share_of_too_many_digits_is_told_so(share: str) -> None:
    """It is a decimal number above zero, so that is not the advice; nothing long is echoed."""
    with pytest.raises(ConfigError) as caught:
        Mixture.parse(f"population:{share},area_m2:1")
    assert caught.value.code == "basis-share"
    assert "too many digits" in caught.value.message
    assert "at most 18 digits" in caught.value.hint
    assert len(str(caught.value)) < 400
    Mixture.parse(f"population:0.{'3' * 18},area_m2:{'9' * 18}")


@examples(200)
@given(text=st.text(alphabet="population:,.0159 earsm2-_x", max_size=24))
def test_any_text_is_a_mixture_or_a_config_error(text: str) -> None:
    try:
        mixture = Mixture.parse(text)
    except ConfigError:
        return
    assert Mixture.parse(str(mixture)) == mixture


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        ("uniform", False),
        ("area_m2", False),
        ("uniform:1,area_m2:1", False),
        ("population", True),
        ("populated", True),
        ("area_m2:99,population:1", True),
        ("uniform:99,populated:1", True),
    ],
)
def test_population_is_needed_where_people_are_counted(text: str, *, needs: bool) -> None:
    assert Mixture.parse(text).needs_population is needs


UNITS = {
    "one basis takes all": ("populated", 4, {"populated": 10_000}),
    "nine to one": ("population:0.9,area_m2:0.1", 2, {"population": 90, "area_m2": 10}),
    "no place for the tenth": ("population:0.9,area_m2:0.1", 0, {"population": 1, "area_m2": 0}),
    "a tie goes by name": ("uniform:1,area_m2:1", 0, {"area_m2": 1, "uniform": 0}),
    "three thirds of ten": (
        "uniform:1,populated:1,area_m2:1",
        1,
        {"area_m2": 4, "populated": 3, "uniform": 3},
    ),
    "a smaller share with a larger remainder": (
        "population:7,area_m2:6,populated:2",  # 4 2/3, 4, 1 1/3
        1,
        {"population": 5, "area_m2": 4, "populated": 1},
    ),
    "the last may have the largest remainder": (
        "population:9,area_m2:7,populated:5",  # 4 2/7, 3 1/3, 2 8/21
        1,
        {"population": 4, "area_m2": 3, "populated": 3},
    ),
    "eighteen places": (
        "population:2,area_m2:1",
        18,
        {"population": 666_666_666_666_666_667, "area_m2": 333_333_333_333_333_333},
    ),
}


@pytest.mark.parametrize(("text", "dp", "expected"), UNITS.values(), ids=UNITS)
def test_units_worked_by_hand(text: str, dp: int, expected: dict[str, int]) -> None:
    units = Mixture.parse(text).units(dp)
    assert units == {Basis(name): count for name, count in expected.items()}


@examples(300)
@given(parts=written(), dp=st.integers(0, 18))
def test_units_are_apportioned_by_the_ratio(parts: list[tuple[str, str]], dp: int) -> None:
    mixture = Mixture.parse(text_of(parts))
    units = mixture.units(dp)
    assert sum(units.values()) == 10**dp
    expected = apportioned([share for _, share in mixture.parts], 10**dp)
    assert [units[basis] for basis, _ in mixture.parts] == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("population", "population"),
        ("population:0.9,area_m2:0.1", "0.9 population + 0.1 area_m2"),
        ("population:9,area_m2:1", "0.9 population + 0.1 area_m2"),
        ("uniform:1,area_m2:2", "2/3 area_m2 + 1/3 uniform"),
        ("population:0.999999,uniform:0.000001", "0.999999 population + 0.000001 uniform"),
    ],
)
def test_a_mixture_is_told_with_shares_that_add_up_to_one(text: str, words: str) -> None:
    assert basis_in_words(text) == words


@pytest.mark.parametrize("dp", [-1, 19, 100])
def test_decimal_places_are_0_to_18(dp: int) -> None:
    with pytest.raises(ConfigError) as caught:
        Mixture.parse("population").units(dp)
    assert caught.value.code == "dp-range"
    with pytest.raises(TypeError):
        Mixture.parse("population").units(2.0)  # type: ignore[arg-type]


def test_limits_are_those_of_64_bits_and_of_32_bit_numbers_drawn_twice() -> None:
    assert 10**MAX_DP < 2**63 < 10 ** (MAX_DP + 1)
    assert 2 * MAX_POINTS == 2**32
