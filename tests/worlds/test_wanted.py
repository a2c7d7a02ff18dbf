"""Tables of who wants points are read as they are meant, or refused with the row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from closedworld.errors import InputError
from closedworld.worlds.sample_request import Wanted

if TYPE_CHECKING:
    from pathlib import Path


def test_csv_keeps_texts_as_they_are(tmp_path: Path) -> None:
    """NA is Namibia and 007 is not 7; columns come in any order, others are left aside."""
    path = tmp_path / "wanted.csv"
    path.write_text("n,other,id,country\n2,x,007,NA\n0,,NULL,de\n", encoding="utf-8")
    wanted = Wanted.read(path)
    assert wanted.isos.to_pylist() == ["NA", "DE"]
    assert wanted.counts.tolist() == [2, 0]
    assert wanted.ids is not None
    assert wanted.ids.to_pylist() == ["007", "NULL"]


def test_an_empty_country_in_csv_is_told_with_its_row(tmp_path: Path) -> None:
    path = tmp_path / "wanted.csv"
    path.write_text("id,country,n\na,DE,1\nb,,2\n", encoding="utf-8")
    with pytest.raises(InputError, match="table-value") as caught:
        Wanted.read(path)
    assert "row 2" in caught.value.message


def test_parquet_and_csv_say_the_same(tmp_path: Path) -> None:
    table = pa.table({"id": ["a", "b"], "country_iso": ["NA", "DE"], "n": [1, 2]})
    pq.write_table(table, tmp_path / "wanted.parquet")
    (tmp_path / "wanted.csv").write_text("id,country_iso,n\na,NA,1\nb,DE,2\n", encoding="utf-8")
    for name in ("wanted.parquet", "wanted.csv"):
        wanted = Wanted.read(tmp_path / name)
        assert wanted.isos.to_pylist() == ["NA", "DE"]
        assert wanted.counts.tolist() == [1, 2]


def test_without_numbers_each_row_wants_one_point() -> None:
    assert Wanted.from_table(
        pa.table({"id": ["a", "b"], "country": ["DE", "DE"]})
    ).counts.tolist() == [1, 1]


def test_dictionaries_are_texts() -> None:
    isos = pa.array(["DE", "FR", "DE"]).dictionary_encode()
    wanted = Wanted.from_table(pa.table({"id": [3, 4, 5], "country": isos}))
    assert wanted.isos.to_pylist() == ["DE", "FR", "DE"]


@pytest.mark.parametrize(
    ("columns", "code", "words"),
    [
        ({"id": ["a"]}, "table-column", "country"),
        ({"country": ["DE"], "country_iso": ["DE"]}, "table-column", "country"),
        ({"country": ["DE"], "n": ["many"]}, "table-column", "n"),
        ({"country": ["DE"], "n": [1.5]}, "table-column", "n"),
        ({"country": ["DE"], "id": [[1]]}, "table-column", "id"),
        ({"country": ["DE", "FR"], "n": [1, -1]}, "table-value", "row 2"),
        ({"country": ["DE", "FR"], "n": [1, 2**32]}, "table-value", "row 2"),
        ({"country": ["DE", None]}, "table-value", "row 2"),
        ({"country": ["DE", "FR"], "id": [None, "a"]}, "table-value", "row 1"),
        (
            {"country": ["DE", "FR", "de"], "id": ["a", "a", "a"]},
            "table-id-twice",
            "'DE' and id 'a'",
        ),
        ({"country": ["DE", "DE"]}, "table-id-twice", "2 rows"),
    ],
)
def test_what_is_unclear_is_refused(columns: dict[str, Any], code: str, words: str) -> None:
    with pytest.raises(InputError, match=code) as caught:
        Wanted.from_table(pa.table(columns))
    assert words in caught.value.message


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    for name, code in (
        ("none.csv", "input-missing"),
        ("wanted.xlsx", "input-format"),
        ("wanted.csv", "input-unreadable"),
        ("wanted.parquet", "input-unreadable"),
    ):
        if code != "input-missing":
            (tmp_path / name).write_text("a,b\n1\n", encoding="utf-8")
        with pytest.raises(InputError, match=code):
            Wanted.read(tmp_path / name)
