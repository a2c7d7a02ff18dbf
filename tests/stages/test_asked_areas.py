"""Parts of a country: what asks for the same area is placed in the same part, and each thing in one."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest

from closedworld.errors import InputError, IntegrityError
from closedworld.inputs.cards import CardTable, read_cards
from closedworld.kernels.placing import Circle
from closedworld.published.polygons import bundled_countries
from closedworld.stages import asked_areas
from closedworld.stages.asked_areas import parts_of_country, settled_without_tiles

if TYPE_CHECKING:
    from collections.abc import Sequence

WHOLE: Any = "the whole country"
NAN = float("nan")
FREE, NEAR, FAR = (NAN, NAN, NAN), (6.0, 49.5, 4.0), (6.0, 49.5, 5.0)
ASKED: list[tuple[tuple[float, float, float], int]] = [
    (FREE, -1),
    (NEAR, -1),
    (FREE, 7),
    (FAR, -1),
    (FREE, 0),
    (NEAR, -1),
    (FREE, -1),
    (FREE, 7),
    (NEAR, 7),
]
"""Circle and tile of each row; a tile is narrower than any circle."""


def expected_part(row: int) -> Any:
    circle, tile = ASKED[row]
    if tile != -1:
        return "tile", tile
    return ("circle", Circle(*circle)) if circle != FREE else WHOLE


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts say how they were made."""
    monkeypatch.setattr(asked_areas, "on_tile", lambda _, tile: ("tile", tile))
    monkeypatch.setattr(asked_areas, "within_circle", lambda _, circle: ("circle", circle))


def parts_for(rows: Sequence[int]) -> list[tuple[list[int], Any]]:
    circles = np.array([circle for circle, _ in ASKED])
    tiles = np.array([tile for _, tile in ASKED])
    found = parts_of_country(WHOLE, "LU", circles, tiles, np.array(rows, np.int64))
    return [(which.tolist(), part) for which, part in found]


@pytest.mark.usefixtures("parts")
@pytest.mark.parametrize(
    "rows",
    [
        [],
        [0],
        [6, 0, 6],
        [1],
        [2, 7, 2],
        [0, 1],
        [8, 0, 2, 2, 1, 5, 4, 3, 1, 0, 6, 7, 3],
        [4, 4, 8],
        [*range(9), *range(8, -1, -1)],
    ],
)
def test_each_thing_is_in_one_part_with_all_that_ask_for_the_same(rows: list[int]) -> None:
    found = parts_for(rows)
    part_of = {at: part for which, part in found for at in which}
    assert part_of == {at: expected_part(row) for at, row in enumerate(rows)}
    assert sum(len(which) for which, _ in found) == len(rows)
    assert all(which and which == sorted(which) for which, _ in found)
    assert sum(part is WHOLE for _, part in found) == (len({0, 6} & set(rows)) > 0)


def test_a_circle_that_is_gone_since_planning_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked_areas, "within_circle", lambda *_: None)
    assert parts_for([0, 6]) == [([0, 1], WHOLE)]
    with pytest.raises(
        IntegrityError, match=r"LU has no tile within 5\.0 km of 6\.0, 49\.5"
    ) as caught:
        parts_for([0, 3])
    assert caught.value.code == "sites-invalid"


def cards(places: Sequence[str | None], isos: Sequence[str]) -> CardTable:
    ids = [str(number) for number in range(len(isos))]
    columns = {"card_id": ids, "country_iso": isos, "place": pa.array(places, pa.string())}
    table = read_cards(pa.table(columns))
    assert isinstance(table, CardTable)
    return table


def settled(
    table: CardTable, *, result: Path | None = None, has_countries: bool = True, skip: bool = False
) -> CardTable:
    """Return a table checked against Luxembourg and Malta, whose tiles are not built yet."""
    countries = bundled_countries().select(("LU", "MT"))
    inputs: Any = SimpleNamespace(countries=countries if has_countries else None)
    config: Any = SimpleNamespace(result=result, skip_unplaceable=skip)
    return settled_without_tiles(table, config, inputs)


def test_advice_about_places_names_no_columns_that_the_table_cannot_have() -> None:
    """Cards have no coordinates, which merchants may give in place of a name."""
    for place, told in (("Nowhere", "'Nowhere'"), ("Luxembork", "Did you mean Luxembourg?")):
        with pytest.raises(InputError) as caught:
            settled(cards([place], ["LU"]))
        assert told in caught.value.message
        assert "lon" not in caught.value.message


def test_rows_that_no_tiles_could_place_are_refused_before_there_are_tiles() -> None:
    sound = cards(["Luxembourg", None], ["LU", "MT"])
    assert settled(sound).rows == sound.rows
    for place, iso, what in (
        (None, "DE", "the world has no tiles of DE"),
        ("Nowhere", "MT", "MT has no place called 'Nowhere'"),
    ):
        wrong = cards(["Luxembourg", place], ["LU", iso])
        with pytest.raises(InputError, match="cards-unplaceable") as caught:
            settled(wrong)
        assert what in caught.value.message
        assert settled(wrong, skip=True).rows["card_id"].to_pylist() == ["0"]


def test_with_tiles_or_without_polygons_rows_wait_for_the_stage() -> None:
    wrong = cards(["Luxembourg", "Nowhere"], ["LU", "MT"])
    assert settled(wrong, result=Path("world")) is wrong
    assert settled(wrong, has_countries=False) is wrong
    assert settled(wrong, result=Path("world"), has_countries=False) is wrong
