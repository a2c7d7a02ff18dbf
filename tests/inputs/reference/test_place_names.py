"""Places by name: as people type them, never one of several in silence."""

from __future__ import annotations

import pytest

from closedworld.errors import InputError
from closedworld.inputs.reference.place_names import find_place, folded
from closedworld.inputs.reference.places import country_places


@pytest.mark.parametrize(
    ("typed", "compared"),
    [
        ("São Paulo", "sao paulo"),
        ("SAO-PAULO", "sao paulo"),
        ("Łódź", "lodz"),
        ("L'Aquila", "laquila"),
        ("Gießen", "giessen"),
        ("  St.  John's ", "st johns"),
        ("İzmir", "izmir"),
        ("I\u011fd\u0131r", "igdir"),
        ("東京", "東京"),
    ],
)
def test_case_marks_and_punctuation_do_not_count(typed: str, compared: str) -> None:
    assert folded(typed) == compared


@pytest.mark.parametrize(
    ("country", "typed", "name"),
    [
        ("BR", "sao paulo", "São Paulo"),
        ("PL", "Lodz", "Łódź"),
        ("DE", "München", "Munich"),
        ("DE", "Muenchen", "Munich"),
        ("DE", "Cologne", "Köln"),
        ("US", "New York", "New York City"),
        ("AT", "WIEN", "Vienna"),
        ("DE", "Berlin", "Berlin"),  # there are hamlets of that name
    ],
)
def test_a_place_is_found_under_its_names(country: str, typed: str, name: str) -> None:
    assert find_place(country_places(country), typed).name == name


def test_several_places_are_listed_with_their_admin1() -> None:
    with pytest.raises(
        InputError, match=r"place-ambiguous.*Springfield, Missouri.*more\. Give admin1"
    ) as error:
        find_place(country_places("US"), "Springfield")
    assert error.value.code == "place-ambiguous"


def test_admin1_says_which() -> None:
    assert find_place(country_places("US"), "Springfield", "illinois").lat == pytest.approx(
        39.80, abs=0.01
    )
    assert find_place(country_places("US"), "Springfield", "IL") == find_place(
        country_places("US"), "Springfield", "Illinois"
    )
    assert find_place(country_places("DE"), "Frankfurt", "Brandenburg").name == "Frankfurt (Oder)"
    assert find_place(country_places("PL"), "Lodz", "Lodz").admin1 == "Łódź Voivodeship"


def test_a_place_of_another_admin1_is_not_taken() -> None:
    with pytest.raises(
        InputError, match=r"place-unknown.*no place called 'Springfield' in 'Bavaria'.*Missouri"
    ):
        find_place(country_places("US"), "Springfield", "Bavaria")


@pytest.mark.parametrize("admin1", ["", "--"])
def test_an_admin1_without_letters_is_none_of_them(admin1: str) -> None:
    with pytest.raises(InputError, match="place-unknown"):
        find_place(country_places("US"), "Springfield", admin1)


def test_an_unknown_name_suggests_close_ones() -> None:
    with pytest.raises(InputError, match=r"DE has no place called 'Hambrug'. Did you mean Hamburg"):
        find_place(country_places("DE"), "Hambrug")


def test_a_name_like_no_other_suggests_coordinates() -> None:
    with pytest.raises(InputError, match=r"Give lon, lat and radius_km instead"):
        find_place(country_places("BV"), "Berlin")
