"""Merchants are read as they are meant, or refused with every row that is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from closedworld.errors import InputError
from closedworld.inputs.merchants.table import MerchantTable, read_merchants

if TYPE_CHECKING:
    from pathlib import Path

DE, FR = {"merchant_id": "a", "country_iso": "DE"}, {"merchant_id": "b", "country_iso": "FR"}


def table_from(*rows: dict[str, Any]) -> pa.Table:
    """Return a table with the columns of any of the rows."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pa.table({name: [row.get(name) for row in rows] for name in names})


def test_csv_and_parquet_say_the_same(tmp_path: Path) -> None:
    csv = tmp_path / "merchants.csv"
    csv.write_text(
        "Merchant_ID;country;n;gamma;note\n007;na;3;1.125;x\n8;DEU;;;\n", encoding="utf-8-sig"
    )
    table = pa.table(
        {
            "merchant_id": ["007", "8"],
            "country_iso": ["NA", "DE"],
            "n": [3, None],
            "gamma": [1.125, None],
            "note": ["x", None],
        }
    )
    pq.write_table(table, tmp_path / "merchants.parquet")
    ours, theirs = (read_merchants(tmp_path / f"merchants.{kind}") for kind in ("csv", "parquet"))
    assert ours.rows.equals(theirs.rows)
    assert ours.rows.column_names == [*MerchantTable.COLUMNS, "note"]
    assert ours.own_columns == ("note",)
    assert ours.rows.select(["country_iso", "merchant_id", "site_order", "n"]).to_pylist() == [
        {"country_iso": "DE", "merchant_id": "8", "site_order": 1, "n": 1},
        {"country_iso": "NA", "merchant_id": "007", "site_order": 1, "n": 3},
    ]
    assert ours.site_count == 4
    assert ours.countries == ("DE", "NA")


def test_integer_ids_are_their_digits() -> None:
    merchants = read_merchants(pa.table({"merchant_id": [10, 9], "country_iso": ["DE", "DE"]}))
    assert merchants.rows["merchant_id"].to_pylist() == ["10", "9"]


def test_order_of_rows_does_not_matter() -> None:
    rows = [DE, FR, {**DE, "merchant_id": "c"}]
    one, other = (read_merchants(table_from(*order)).rows for order in (rows, rows[::-1]))
    assert one.equals(other)


def test_a_row_per_outlet_is_numbered() -> None:
    rows = [{**DE, "site_order": order} for order in (2, 1, 3)]
    merchants = read_merchants(table_from(*rows))
    assert merchants.rows["site_order"].to_pylist() == [1, 2, 3]
    assert merchants.rows["n"].to_pylist() == [1, 1, 1]
    assert merchants.numbers.tolist() == [1, 0, 2]


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ({"country_iso": "Atlantis"}, "unknown country"),
        ({"country_iso": None}, "no country"),
        ({"merchant_id": None}, "no merchant_id"),
        ({"n": -1}, "n is not in"),
        ({"n": 1.5}, "not an integer"),
        ({"mcc": 54110}, "mcc"),
        ({"gamma": 1.1}, "multiple of 1/8"),
        ({"gamma": -0.125}, "multiple of 1/8"),
        ({"gamma": float("inf")}, "finite"),
        ({"spacing": "wide"}, "spacing"),
        ({"lon": 1.0, "lat": 2.0}, "belong together"),
        ({"lon": 1.0, "lat": 91.0, "radius_km": 1.0}, "lat"),
        ({"lon": 1.0, "lat": 9.0, "radius_km": 0.0}, "radius_km"),
        ({"admin1": "Texas"}, "no place"),
        ({"place": "Paris", "tile_id": 7}, "exclude each other"),
        ({"merchant_id": "b", "country_iso": "FR"}, "2 rows have the same merchant"),
    ],
)
def test_a_row_that_cannot_be_used_is_told_or_skipped(row: dict[str, Any], what: str) -> None:
    table = table_from({**DE, "merchant_id": "x"}, FR, {**DE, **row})
    read = read_merchants(table)
    with pytest.raises(InputError, match="merchants-unplaceable") as caught:
        read.settled(skip_unplaceable=False)
    assert "row 3" in caught.value.message
    assert what in caught.value.message
    left = read.settled(skip_unplaceable=True)
    assert 3 in {one.row for one in left.skipped}
    assert "x" in left.rows["merchant_id"].to_pylist()


def test_all_rows_are_told_at_once() -> None:
    rows = {**DE, "n": -1}, FR, {**FR, "merchant_id": "c", "gamma": 9.0}
    read = read_merchants(table_from(*rows))
    with pytest.raises(InputError) as caught:
        read.settled(skip_unplaceable=False)
    assert "row 1 (a, DE)" in caught.value.message
    assert "row 3 (c, FR)" in caught.value.message
    assert "row 2" not in caught.value.message


@pytest.mark.parametrize("orders", [(1, 3), (1, 1), (2, 3), (0, 1)])
def test_outlets_must_be_numbered_one_to_n(orders: tuple[int, int]) -> None:
    rows = [{**DE, "site_order": order} for order in orders]
    read = read_merchants(table_from(FR | {"site_order": 1}, *rows))
    with pytest.raises(InputError, match="site_order"):
        read.settled(skip_unplaceable=False)


@pytest.mark.parametrize(
    ("table", "code"),
    [
        ({"merchant_id": ["a"]}, "table-column"),
        ({"merchant_id": ["a"], "country": ["DE"], "n": [1], "site_order": [1]}, "table-column"),
        ({"merchant_id": ["a"], "country": ["DE"], "lng": [1.0]}, "table-column-near"),
        ({"merchant_id": ["a"], "country": ["DE"], "store_count": [3]}, "table-column-near"),
        ({"merchant_id": ["a"], "country": ["DE"], "own": [[1]]}, "table-column"),
    ],
)
def test_columns_that_are_unclear_are_refused(table: dict[str, Any], code: str) -> None:
    with pytest.raises(InputError, match=code):
        read_merchants(pa.table(table))


def test_the_number_of_a_store_is_no_count_of_stores() -> None:
    merchants = read_merchants(
        pa.table({"merchant_id": ["a"], "country": ["DE"], "store_number": [4711]})
    )
    assert merchants.own_columns == ("store_number",)
    assert merchants.site_count == 1
