"""Cards that are asked for: a number of them, numbers by country, or a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closedworld.config.run import RunConfig
from closedworld.errors import ConfigError, InputError
from closedworld.execution.events import NullObserver
from closedworld.inputs.asked_tables import card_file, load_cards
from closedworld.inputs.cards import (
    CardCounts,
    CardTable,
    card_counts_of,
    read_cards,
    shared_by_largest_remainder,
)


def table(**columns: list[Any]) -> pa.Table:
    return pa.table(columns)


def test_a_number_is_shared_by_people() -> None:
    cards = CardCounts(10, {}).table({"DE": 83.0, "FR": 68.0, "VA": 0.0})
    assert cards.countries == ("DE", "FR")
    assert cards.rows["card_id"].to_pylist()[:2] == ["DE-00000001", "DE-00000002"]
    assert cards.rows["country_iso"].to_pylist() == ["DE"] * 5 + ["FR"] * 5
    assert cards.rows["person_id"].equals(cards.rows["card_id"])


@given(
    st.integers(1, 500),
    st.dictionaries(st.sampled_from("ABCDEFG"), st.integers(0, 1000), min_size=1),
)
def test_shares_add_up_and_are_next_to_their_quotas(total: int, persons: dict[str, int]) -> None:
    whole = sum(persons.values())
    if not whole:
        with pytest.raises(ConfigError, match="cards-number"):
            shared_by_largest_remainder(total, persons)
        return
    counts = shared_by_largest_remainder(total, persons)
    assert sum(counts.values()) == total
    for iso, mass in persons.items():
        assert total * mass // whole <= counts.get(iso, 0) <= -(-total * mass // whole)


def test_numbers_by_country_keep_the_first_cards_when_they_grow() -> None:
    few, many = (CardCounts.parse(text) for text in ("de=3", "DE=5,FR=1"))
    assert few is not None
    assert many is not None
    persons = {"DE": 1.0, "FR": 1.0}
    ids = [one.table(persons).rows["card_id"].to_pylist() for one in (few, many)]
    assert ids[1][:3] == ids[0]
    with pytest.raises(ConfigError, match="country-without-tiles"):
        many.table({"DE": 1.0})


@pytest.mark.parametrize("text", ["0", "-5", "DE=1,de=2", "DE=0", "999999999", "10000000000"])
def test_numbers_that_cannot_be_meant_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="cards-number"):
        CardCounts.parse(text)


def test_what_stands_for_cards_is_told_from_a_file(tmp_path: Path) -> None:
    assert card_counts_of(5) == card_counts_of(np.int64(5)) == CardCounts(5, {})
    assert card_counts_of({"DE": 2}) == CardCounts(0, {"DE": 2})
    assert card_counts_of(tmp_path / "cards.csv") is None
    (tmp_path / "7").write_text("")
    assert card_counts_of(tmp_path / "7") is None
    config = RunConfig(cards=Path("12"))
    assert card_file(config) is None
    assert load_cards(config, NullObserver()) == CardCounts(12, {})


def test_a_number_of_cards_in_python_and_in_a_run_file_is_that_of_the_command_line(
    tmp_path: Path,
) -> None:
    run_file = tmp_path / "run.toml"
    run_file.write_text("cards = 500\n")
    same: Any = np.int64(500)
    for config in (RunConfig.from_toml(run_file), RunConfig(cards=500), RunConfig(cards=same)):
        assert config == RunConfig(cards=Path("500"))
        assert load_cards(config, NullObserver()) == CardCounts(500, {})
    run_file.write_text('cards = "own.csv"\n')
    assert RunConfig.from_toml(run_file).cards == tmp_path / "own.csv"
    for number in (0, -5, 10**8 + 1):
        with pytest.raises(ConfigError, match="cards-number"):
            RunConfig(cards=number)
        run_file.write_text(f"cards = {number}\n")
        with pytest.raises(ConfigError, match=r"cards-number.*run\.toml"):
            RunConfig.from_toml(run_file)
    with pytest.raises(ConfigError, match="cards-number"):
        RunConfig(cards=True)


def test_a_table_is_read_as_people_have_it() -> None:
    given_rows: dict[str, list[Any]] = {
        "Card-ID": ["7", "003"],
        "Country": ["deu", "France"],
        "place": ["Leipzig", None],
        "limit": [1, 2],
    }
    cards = read_cards(table(**given_rows))
    assert cards.rows.to_pylist() == [
        {"country_iso": "DE", "card_id": "7", "person_id": "7", "place": "Leipzig", "admin1": None},
        {"country_iso": "FR", "card_id": "003", "person_id": "003", "place": None, "admin1": None},
    ]
    assert cards.own_columns == ("limit",)


def test_all_problems_are_one_error() -> None:
    rows: dict[str, list[Any]] = {
        "card_id": ["1", "1", None, "4", "5"],
        "country_iso": ["DE", "DE", "DE", "XX", "DE"],
        "person_id": ["a", "b", "c", "d", "a"],
        "place": [None, None, None, None, "Leipzig"],
    }
    read = read_cards(table(**rows))
    with pytest.raises(InputError) as caught:
        read.settled(skip_unplaceable=False)
    assert caught.value.code == "cards-unplaceable"
    for words in (
        "4 of 5 rows",
        "row 2 (1, DE): card_id '1' is that of row 1",
        "row 3: it has no card_id",
        "unknown country 'XX'",
        "row 5 (5, DE): person 'a' has another home",
    ):
        assert words in caught.value.message


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"card_id": ["1"]}, "table-column"),
        ({"id": ["1"], "country_iso": ["DE"]}, "table-column-near"),
        (
            {"card_id": pa.array([], pa.string()), "country_iso": pa.array([], pa.string())},
            "cards-unplaceable",
        ),
        ({"card_id": ["1"], "country_iso": ["DE"], "admin1": ["Saxony"]}, "cards-unplaceable"),
    ],
)
def test_tables_that_cannot_be_meant_are_refused(columns: dict[str, Any], code: str) -> None:
    with pytest.raises(InputError) as caught:
        read_cards(table(**columns)).settled(skip_unplaceable=False)
    assert caught.value.code == code


def test_the_demonstration_has_as_many_cards_in_each_town_as_in_another() -> None:
    cards = load_cards(RunConfig(cards=Path("demo-towns")), NullObserver())
    assert isinstance(cards, CardTable)
    assert cards.rows.num_rows == 10_000
    sizes = cards.rows.group_by(["country_iso", "place"]).aggregate([([], "count_all")])
    assert sizes.num_rows == 12
    assert set(sizes["count_all"].to_pylist()) == {833, 834}


def test_rows_with_a_problem_are_left_out_and_listed_where_that_is_asked_for() -> None:
    rows: dict[str, list[Any]] = {
        "card_id": ["z", "1", "1", None, "4"],
        "country_iso": ["DE", "FR", "DE", "DE", "XX"],
    }
    cards = read_cards(table(**rows)).settled(skip_unplaceable=True)
    assert cards.rows["card_id"].to_pylist() == ["z", "1"]
    assert cards.numbers.tolist() == [0, 1]
    assert [(one.row, one.row_id) for one in cards.skipped] == [(3, "1"), (4, ""), (5, "4")]
    none = read_cards(table(card_id=["1"], country_iso=["XX"]))
    with pytest.raises(InputError, match="cards-unplaceable"):
        none.settled(skip_unplaceable=True)
