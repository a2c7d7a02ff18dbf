"""Rows of sites: what is known of an outlet on the map, of one in a town, and of one in its country alone."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pyarrow as pa
import pytest

from closedworld.datasets import SITES
from closedworld.inputs.reference.places import CountryPlaces, country_places
from closedworld.stages.sites.placed import PlacedSites
from closedworld.stages.sites.requirements import CountryMerchants
from closedworld.stages.sites.site_rows import rows_of

LON, LAT = 6.13, 49.61
"""In Luxembourg."""


def without_any(places: CountryPlaces) -> CountryPlaces:
    """Return the places of a country that has none."""
    arrays = {
        one.name: getattr(places, one.name)[:0]
        for one in fields(places)
        if isinstance(getattr(places, one.name), np.ndarray | pa.Array)
    }
    return replace(places, **arrays)


def described(
    on_map: list[int], *, seated: bool = False, places: CountryPlaces | None = None
) -> list[dict[str, object]]:
    """Return the rows of two outlets each of merchants a and b; those on the map lie in different tiles."""
    circles = np.full((2, 3), np.nan)
    if seated:
        circles[1] = 5.9806, 49.4958, 2.0
    rows = pa.table(
        {
            "merchant_id": ["a", "b"],
            "category": ["grocery", None],
            "mcc": pa.array([5411, 0], pa.int32()),
        }
    )
    merchants = CountryMerchants("LU", rows, np.ones(2, np.bool_), circles)
    placed = PlacedSites(
        np.array([0, 0, 1, 1]),
        np.array([1, 2, 1, 2]),
        np.array(on_map, np.int64),
        np.array(on_map, np.int64) * 10,
        np.full(len(on_map), LON) + np.array(on_map) / 1000,
        np.full(len(on_map), LAT) + np.array(on_map) / 1000,
    )
    table = rows_of(merchants, placed, places or country_places("LU"))
    assert table.schema == SITES.schema
    found: list[dict[str, object]] = table.to_pylist()
    assert [(row["merchant_id"], row["category"], row["mcc"], row["site_order"]) for row in found] == [
        ("a", "grocery", 5411, 1), ("a", "grocery", 5411, 2), ("b", None, 0, 1), ("b", None, 0, 2)
    ]  # fmt: skip
    return found


@pytest.mark.parametrize("on_map", [[0, 1, 2, 3], [1, 3], [0], [3], []])
@pytest.mark.parametrize("seated", [False, True])
def test_an_outlet_has_a_point_or_a_town_or_neither(on_map: list[int], *, seated: bool) -> None:
    for number, row in enumerate(described(on_map, seated=seated)):
        is_seated = seated and number > 1 and number not in on_map
        if number in on_map:
            assert row["lon"] == LON + number / 1000
            assert row["lat"] == LAT + number / 1000
            assert (row["tile_id"], row["precision"]) == (10 * number, "point")
            assert row["place_km"] is not None
        else:
            assert (row["lon"], row["lat"], row["tile_id"], row["place_km"]) == (
                None,
                None,
                -1,
                None,
            )
            assert row["precision"] == ("place" if is_seated else "none")
        is_known = number in on_map or is_seated
        # A point is described by itself, wherever its merchant is bound to.
        place = "Luxembourg" if number in on_map else "Esch-sur-Alzette"
        assert (row["place"], row["tzid"]) == (
            (place, "Europe/Luxembourg") if is_known else (None, None)
        )
        assert (row["urban"] is None) is not is_known


def test_ids_are_of_sixty_three_bits_and_differ() -> None:
    ids = [row["site_id"] for row in described([0])]
    assert len(set(ids)) == 4
    assert ids == [row["site_id"] for row in described([1, 2])]


def test_where_a_country_has_no_places_none_is_near() -> None:
    rows = described([0, 2], places=without_any(country_places("LU")))
    assert [row["place_km"] for row in rows] == [None] * 4
    assert [row["place"] for row in rows] == [None] * 4
    assert [row["urban"] for row in rows] == ["rural", None, "rural", None]
