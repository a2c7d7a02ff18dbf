"""Records as text: the first few, and how many more there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa
import pytest

from closedworld.kernels.records import Records


@dataclass(frozen=True)
class Row:
    ARROW_SCHEMA: ClassVar[pa.Schema] = pa.schema([("n", pa.int64())])

    n: int


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, "<0 records: >"),
        (1, "<1 records: Row(n=0)>"),
        (3, "<3 records: Row(n=0), Row(n=1), Row(n=2)>"),
        (5, "<5 records: Row(n=0), Row(n=1), Row(n=2) and 2 more>"),
    ],
)
def test_three_are_shown_and_the_rest_counted(count: int, expected: str) -> None:
    records = Records.of(Row(n) for n in range(count))
    assert repr(records) == expected
    assert pa.table(records).num_rows == count


def test_a_notebook_shows_a_row_for_each_record() -> None:
    """Also where there is one record, and none."""
    tables = [Records.of(Row(n) for n in range(5, 5 + count))._repr_html_() for count in (0, 1, 2)]
    assert [html.count("<tr>") for html in tables] == [1, 2, 3]
    assert [html.count("<td>") for html in tables] == [0, 1, 2]
    assert "<td>5</td>" in tables[1]
