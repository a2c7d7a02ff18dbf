"""Rows of a user's table that are sent to other processes."""

from __future__ import annotations

import pickle

import pyarrow as pa

from closedworld.inputs.tables.asked_rows import rows_between


def test_rows_of_a_large_table_are_sent_without_the_others() -> None:
    table = pa.table({"id": [f"merchant {k}" for k in range(10_000)], "n": range(10_000)})
    some = rows_between(table, 4_000, 4_010)
    assert some.equals(table.slice(4_000, 10))
    assert len(pickle.dumps(some)) < 2_000
    assert rows_between(table, 7, 7).equals(table.slice(7, 0))
