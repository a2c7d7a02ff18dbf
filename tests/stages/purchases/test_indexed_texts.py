"""Texts that are written by their indices give the bytes of texts written one by one."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from closedworld.datasets.dataset import Column, Dataset
from closedworld.datasets.part_encoder import PartEncoder
from closedworld.stages.purchases.day_rows import _indexed

NAMES = ("EUR", "USD", "EUR", "JPY", "never")
TEXTS = Dataset("texts", (Column("currency", pa.string(), "texts, some equal"),), ())


@pytest.mark.parametrize("groups", [[1], [400], [400, 7]])
def test_the_bytes_are_the_same(groups: list[int]) -> None:
    rng = np.random.default_rng(3)
    plain, indexed = PartEncoder(TEXTS), PartEncoder(TEXTS, ["currency"])
    for count in groups:
        numbers = rng.integers(0, 4, count)
        texts = _indexed(NAMES, numbers)
        assert texts.to_pylist() == [NAMES[one] for one in numbers.tolist()]
        batch = pa.RecordBatch.from_arrays([texts], names=["currency"])
        plain.write([batch])
        indexed.write([batch])
    assert indexed.finish().equals(plain.finish())


def test_a_row_group_has_one_dictionary() -> None:
    batch = pa.RecordBatch.from_arrays([_indexed(NAMES, np.zeros(2, np.int64))], names=["currency"])
    with pytest.raises(ValueError, match="one dictionary"):
        PartEncoder(TEXTS, ["currency"]).write([batch, batch])
