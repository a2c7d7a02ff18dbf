"""Requests for points are read as they are meant, or refused with the row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from closedworld.errors import InputError
from closedworld.worlds.sample_request import SampleRequest

if TYPE_CHECKING:
    from pathlib import Path


def test_csv_keeps_texts_as_they_are(tmp_path: Path) -> None:
    """NA is Namibia and 007 is not 7; columns come in any order, others are ignored."""
    path = tmp_path / "request.csv"
    path.write_text("n,other,id,country\n2,x,007,NA\n0,,NULL,de\n", encoding="utf-8")
    request = SampleRequest.of(path)
    assert request.isos.to_pylist() == ["NA", "DE"]
    assert request.counts.tolist() == [2, 0]
    assert request.ids is not None
    assert request.ids.to_pylist() == ["007", "NULL"]


def test_an_empty_country_in_csv_is_reported_with_its_row(tmp_path: Path) -> None:
    path = tmp_path / "request.csv"
    path.write_text("id,country,n\na,DE,1\nb,,2\n", encoding="utf-8")
    with pytest.raises(InputError, match="table-value") as caught:
        SampleRequest.of(path)
    assert "row 2" in caught.value.message


def test_parquet_and_csv_say_the_same(tmp_path: Path) -> None:
    table = pa.table({"id": ["a", "b"], "country_iso": ["NA", "DE"], "n": [1, 2]})
    pq.write_table(table, tmp_path / "request.parquet")
    (tmp_path / "request.csv").write_text("id,country_iso,n\na,NA,1\nb,DE,2\n", encoding="utf-8")
    for name in ("request.parquet", "request.csv"):
        request = SampleRequest.of(tmp_path / name)
        assert request.isos.to_pylist() == ["NA", "DE"]
        assert request.counts.tolist() == [1, 2]


def test_without_numbers_each_row_asks_for_one_point() -> None:
    assert SampleRequest.of(
        pa.table({"id": ["a", "b"], "country": ["DE", "DE"]})
    ).counts.tolist() == [1, 1]


def test_dictionaries_are_texts() -> None:
    isos = pa.array(["DE", "FR", "DE"]).dictionary_encode()
    request = SampleRequest.of(pa.table({"id": [3, 4, 5], "country": isos}))
    assert request.isos.to_pylist() == ["DE", "FR", "DE"]


@pytest.mark.parametrize(
    ("columns", "code", "words"),
    [
        ({"id": ["a"]}, "table-column", "country"),
        ({"country": ["DE"], "country_iso": ["DE"]}, "table-column-twice", "country"),
        ({"country": ["DE"], "n": ["many"]}, "table-value", "row 1: n is 'many'"),
        ({"country": ["DE"], "n": [1.5]}, "table-value", "row 1: n is '1.5'"),
        ({"country": ["DE"], "id": [[1]]}, "table-column", "id"),
        ({"country": ["DE", "FR"], "n": [1, -1]}, "table-value", "row 2"),
        ({"country": ["DE", "FR"], "n": [1, 2**32]}, "table-value", "row 2"),
        ({"country": ["DE", None]}, "table-value", "row 2"),
        (
            {"country": ["DE", "Germny"]},
            "table-value",
            "row 2: unknown country 'Germny'; did you mean DE",
        ),
        ({"country": ["DE"], "outlets": [3]}, "table-column-near", "'outlets' (n)"),
        (
            {"country": ["DE", "FR", "XX"], "n": [-1, 1, 1]},
            "table-value",
            "row 1: n is not in 0..2147483648; row 3",
        ),
        ({"country": ["DE", "FR"], "id": [None, "a"]}, "table-value", "row 1"),
        (
            {"country": ["DE", "FR", "de"], "id": ["a", "a", "a"]},
            "table-id-twice",
            "row 3: it asks for the same points of DE and id 'a' as row 1",
        ),
        (
            {"country": ["DE", "DE"]},
            "table-id-twice",
            "row 2: it asks for the same points of DE as row 1",
        ),
    ],
)
def test_what_is_unclear_is_refused(columns: dict[str, Any], code: str, words: str) -> None:
    with pytest.raises(InputError, match=code) as caught:
        SampleRequest.of(pa.table(columns))
    assert words in caught.value.message


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    for name, code in (
        ("none.csv", "input-missing"),
        ("request.xlsx", "input-format"),
        ("request.csv", "input-unreadable"),
        ("request.parquet", "input-unreadable"),
    ):
        if code != "input-missing":
            (tmp_path / name).write_text("a,b\n1\n", encoding="utf-8")
        with pytest.raises(InputError, match=code):
            SampleRequest.of(tmp_path / name)


def test_problems_of_all_kinds_are_one_error() -> None:
    """Countries without tiles and rows given twice are told with the rest, not after it is mended."""
    rows = {"id": ["1", "01", "b", "b", "c"], "country": ["DE", "de", "MT", "XX", "FR"]}
    table = pa.table({**rows, "n": ["1.5", "1", "1", "1", "1"]})
    with pytest.raises(InputError, match="table-value") as caught:
        SampleRequest.of(table, with_tiles={"DE", "FR"})
    for words in (
        "row 1: n is '1.5'",
        "row 2: it asks for the same points of DE and id '1' as row 1",
        "row 3: the world has no tiles of MT",
        "row 4: unknown country 'XX'",
    ):
        assert words in caught.value.message
    assert "row 5" not in caught.value.message
    request = SampleRequest.of(table, with_tiles={"DE", "FR"}, skip_bad_rows=True)
    assert request.ids is not None
    assert request.ids.to_pylist() == ["01", "c"]


def test_bad_rows_are_left_out_when_asked_and_each_is_named() -> None:
    table = pa.table(
        {
            "id": ["a", "b", "c", "d", None],
            "country": ["DE", "XX", "FR", "MT", "DE"],
            "n": ["2.0", "1", "1.5", "1", "-1"],
            "own": [1, 2, 3, 4, 5],
        }
    )
    with pytest.raises(InputError, match="table-value") as caught:
        SampleRequest.of(table)
    assert "--skip-bad-rows" in caught.value.hint
    request = SampleRequest.of(table, with_tiles={"DE", "FR"}, skip_bad_rows=True)
    assert request.isos.to_pylist() == ["DE"]
    assert request.counts.tolist() == [2]
    assert request.ids is not None
    assert request.ids.to_pylist() == ["a"]
    assert request.own.to_pydict() == {"own": [1]}
    assert request.skipped == (
        "row 2: unknown country 'XX'",
        "row 3: n is '1.5', not an integer",
        "row 4: the world has no tiles of MT",
        "row 5: it has no id",
        "row 5: n is not in 0..2147483648",
    )


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("contry", "country_iso"),
        ("Coutnry", "country_iso"),
        ("cc", "country_iso"),
        ("ISO-A3", "country_iso"),
        ("N_points", "n"),
        ("outlet_count", "n"),
        ("Number of Stores", "n"),
        ("num_branches", "n"),
        ("Number", "n"),
    ],
)
def test_a_column_that_may_be_a_missing_one_is_refused_with_the_name(name: str, meant: str) -> None:
    columns = {"country": ["DE"], "n": [1]}
    del columns["n" if meant == "n" else "country"]
    with pytest.raises(InputError, match="table-column-near") as caught:
        SampleRequest.of(pa.table({**columns, name: ["DE"]}))
    assert f"{name!r} ({meant})" in caught.value.message


def test_text_with_zero_bytes_is_refused_as_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "request.csv"
    for content in ("id,country\na,DE\n".encode("utf-16-le"), b"id,country\na\0b,DE\n"):
        path.write_bytes(content)
        with pytest.raises(InputError, match="input-unreadable") as caught:
            SampleRequest.of(path)
        assert "iconv" in caught.value.hint
