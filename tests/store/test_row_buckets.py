"""Buckets hold every row once, those of one key together and in order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from closedworld.errors import PublishError
from closedworld.store.row_buckets import RowBuckets

ROW = np.dtype([("key", np.int32), ("number", np.int64)])


@pytest.mark.parametrize("n_buckets", [1, 2, 7])
def test_rows_of_a_key_are_together_in_order(n_buckets: int) -> None:
    rng = np.random.default_rng(1)
    rows = np.empty(2000, ROW)
    rows["key"], rows["number"] = rng.integers(0, 90, 2000), np.arange(2000)
    with RowBuckets(ROW, n_buckets) as buckets:
        for some in np.array_split(rows, 3):
            buckets.add(some, some["key"])
        assert len(buckets) == n_buckets
        found = [buckets.read(number) for number in range(n_buckets)]
        assert [one.tolist() for one in found] == [
            buckets.read(k).tolist() for k in range(n_buckets)
        ]
    keys = [set(one["key"].tolist()) for one in found]
    assert sum(map(len, keys)) == len(set(rows["key"].tolist()))
    assert all(one.size > 1000 / n_buckets for one in found)
    for one in found:
        for key in np.unique(one["key"]):
            own = rows[rows["key"] == key]
            assert one[one["key"] == key].tolist() == own.tolist()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is full")
def test_a_full_disk_is_an_error() -> None:
    with RowBuckets(ROW, 1) as buckets, Path("/dev/full").open("r+b", buffering=0) as full:
        buckets._files = [full]  # type: ignore[list-item]
        with pytest.raises(PublishError) as caught:
            buckets.add(np.zeros(9, ROW), np.zeros(9, np.int32))
    assert caught.value.code == "output-not-writable"
