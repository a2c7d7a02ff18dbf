"""Lines of CSV against Python's own reader."""

from __future__ import annotations

import csv
import io

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from closedworld.worlds.converting.table_files import csv_lines, decimals

TEXTS = st.lists(st.text(alphabet='ab",\n\r é', max_size=5), min_size=1, max_size=8)


@given(texts=TEXTS)
def test_python_reads_back_what_was_written(texts: list[str]) -> None:
    table = pa.table({"n": list(range(len(texts))), "text": texts, "x": [0.5] * len(texts)})
    found = list(csv.reader(io.StringIO(csv_lines(table).decode(), newline="")))
    assert found == [[str(n), text, "0.5"] for n, text in enumerate(texts)]


def test_a_slice_and_nothing_are_written_as_they_are() -> None:
    table = pa.table({"a": ["x", "y", None]})
    assert csv_lines(table.slice(1)) == b"y\n\n"
    assert csv_lines(table.slice(3)) == b""


def test_decimals_are_those_of_python() -> None:
    values = np.array([0.0, -0.004, 1.5, -1.25, 1234.999, 12.345678, np.nan])
    texts = decimals(values, 2).to_pylist()
    assert texts[-1] is None
    assert texts[:-1] == ["0.00", "0.00", "1.50", "-1.25", "1235.00", "12.35"]
