"""Tables are read as they are meant, or refused with every row that is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from closedworld.errors import InputError
from closedworld.inputs.tables.columns import RowProblems, first_like, name_columns
from closedworld.inputs.tables.countries import country_codes
from closedworld.inputs.tables.reading import read_table, table_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_csv_is_text_whatever_separates_and_encodes_it(
    tmp_path: Path, delimiter: str, encoding: str
) -> None:
    lines = [["id", "name", "n"], ["007", '"a, b; c\nd"', "NA"], ["é", "", "1"]]
    path = tmp_path / "table.csv"
    path.write_bytes("\r\n".join(delimiter.join(line) for line in lines).encode(encoding))
    table = read_table(path)
    assert table.to_pylist() == [
        {"id": "007", "name": "a, b; c\nd", "n": "NA"},
        {"id": "é", "name": None, "n": "1"},
    ]


def test_what_is_no_utf8_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes("id\nMünchen\n".encode("cp1252"))
    with pytest.raises(InputError, match="input-unreadable") as caught:
        read_table(path)
    assert "iconv" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("none.csv", None, "input-missing"),
        ("table.xlsx", b"", "input-format"),
        ("table.csv", b"", "input-unreadable"),
        ("table.csv", b"a,b\n1,2,3\n", "input-unreadable"),
        ("table.parquet", b"PAR1", "input-unreadable"),
    ],
)
def test_what_is_no_table_is_refused(
    tmp_path: Path, name: str, content: bytes | None, code: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=code):
        read_table(tmp_path / name)


def test_a_folder_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "table.parquet").mkdir()
    with pytest.raises(InputError, match="input-not-a-file"):
        read_table(tmp_path / "table.parquet")


def test_every_kind_of_table_from_python_is_the_same(tmp_path: Path) -> None:
    table = pa.table({"id": [1, 2], "country": ["NA", "DE"]})
    pq.write_table(table, tmp_path / "table.parquet")
    frames = [
        table,
        table.to_pandas(),
        pl.from_arrow(table),
        read_table(tmp_path / "table.parquet"),
    ]
    assert all(table_of(frame).to_pylist() == table.to_pylist() for frame in frames)
    with pytest.raises(InputError, match="table-kind"):
        table_of([1, 2])


def test_headers_are_found_in_any_letter_case() -> None:
    named = name_columns(
        pa.table({" Merchant-ID ": ["a"], "Land": ["x"], "COUNTRY": ["b"]}),
        ("merchant_id", "country_iso"),
        {"country": "country_iso"},
        {},
    )
    assert named.texts("merchant_id").to_pylist() == ["a"]
    assert named.texts("country_iso").to_pylist() == ["b"]
    assert named.others == ("Land",)


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["n", "N"], "table-column-twice"),
        (["country", "country_iso"], "table-column-twice"),
        (["note", "note"], "table-column-twice"),
        (["contry_iso"], "table-column-near"),
        (["outlets"], "table-column-near"),
    ],
)
def test_doubled_and_almost_known_columns_are_refused(names: list[str], code: str) -> None:
    table = pa.table([pa.array(["x"])] * len(names), names=names)
    with pytest.raises(InputError, match=code):
        name_columns(table, ("country_iso", "n"), {"country": "country_iso"}, {"outlets": "n"})


def test_a_name_like_a_column_that_is_there_passes() -> None:
    named = name_columns(pa.table({"n": [1], "outlets": [2]}), ("n",), {}, {"outlets": "n"})
    assert named.others == ("outlets",)


def test_numbers_are_read_from_text_and_from_numbers() -> None:
    problems = RowProblems()
    frame = pd.DataFrame({"n": ["+5", "", " 7 ", "1.5"], "x": ["1e3", ".5", "1,5", None]})
    named = name_columns(table_of(frame), ("n", "x"), {}, {})
    values, given = named.integers("n", problems)
    assert values[given].tolist() == [5, 7]
    reals, given = named.reals("x", problems)
    assert reals[given].tolist() == [1000.0, 0.5]
    assert [(one.row, one.what.split(" is ")[0]) for one in problems.found] == [(3, "n"), (2, "x")]
    floats = name_columns(pa.table({"n": [2.0, None, 1.5]}), ("n",), {}, {})
    values, given = floats.integers("n", problems)
    assert values[given].tolist() == [2]
    assert problems.rows().tolist() == [2, 3]


def test_countries_are_codes_numbers_and_names() -> None:
    problems = RowProblems()
    texts = ["NA", "de", "DEU", "276", "4", "turkiye", "Côte d'Ivoire", "XX", "UK", "Germny", None]
    codes = country_codes(pa.array(texts), problems)
    assert codes.to_pylist()[:7] == ["NA", "DE", "DE", "DE", "AF", "TR", "CI"]
    assert codes.null_count == 4
    what = {one.row: one.what for one in problems.found}
    assert "GB" in what[8]
    assert "DE (Germany)" in what[9]
    assert np.array_equal(problems.rows(), [7, 8, 9, 10])


@pytest.mark.parametrize(
    ("name", "content", "advice"),
    [
        ("short.csv", b"id,country,n\na,MT,1\nb,MT\n", "as many columns as the first"),
        ("none.parquet", b"PAR1 and no more", "Save it again as Parquet."),
    ],
)
def test_what_cannot_be_read_comes_with_advice(
    tmp_path: Path, name: str, content: bytes, advice: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_table(tmp_path / name)
    assert caught.value.code == "input-unreadable"
    assert advice in caught.value.hint


def test_rows_alike_are_known_by_the_first_of_them() -> None:
    """Nulls are alike, and the order of values does not matter."""
    draw = np.random.default_rng(1)
    names = [None, "b", "", "a", "ab"]
    rows = [tuple(names[k] for k in draw.integers(0, 5, 3)) for _ in range(400)]
    table = pa.table(
        [pa.array(one, pa.string()) for one in zip(*rows, strict=True)], ["x", "y", "z"]
    )
    halves = pa.concat_tables([table.slice(0, 150), table.slice(150)])
    assert first_like(halves).tolist() == [rows.index(row) for row in rows]
    assert first_like(table.slice(0, 0)).tolist() == []
