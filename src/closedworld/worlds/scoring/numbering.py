"""Small numbers for cards, merchants and other names, in the order of their first purchases."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_DIGITS = r"^[0-9]{1,15}$"


class Numbering:
    """Numbers the distinct values of a column, batch after batch."""

    def __init__(self, *names: str) -> None:
        self._numbers: dict[Any, int] = {name: number for number, name in enumerate(names)}

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def names(self) -> tuple[str, ...]:
        """The values as text, by number."""
        return tuple(map(str, self._numbers))

    def of(self, column: pa.ChunkedArray) -> NDArray[np.int32]:
        """Return the number of each value, int32 (n,); -1 where there is none."""
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        encoded = column.combine_chunks().dictionary_encode()
        known = self._numbers
        values = encoded.dictionary.to_pylist()
        table = np.array([known.setdefault(one, len(known)) for one in values], np.int32)
        indices = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
        numbers: NDArray[np.int32] = np.append(table, np.int32(-1))[indices]
        return numbers


def sort_keys(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """Return ids as numbers in their order, float64 (n,): integers as they are, text by its first eight bytes."""
    if pa.types.is_integer(column.type):
        integers: NDArray[np.float64] = column.cast(pa.float64(), safe=False).to_numpy()
        return integers
    texts = pc.fill_null(column.cast(pa.string()), "")
    is_number = pc.match_substring_regex(texts, _DIGITS)
    numbers = pc.if_else(is_number, texts, "0").cast(pa.float64()).to_numpy()
    heads = np.array(pc.cast(texts, pa.binary()).to_pylist(), "S8")
    keys = heads.view(">u8").astype(np.float64)
    return np.where(is_number.to_numpy(), numbers, keys)
