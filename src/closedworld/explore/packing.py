"""Arrays as text in a page: integers cut into bytes, deflated, in base64.

``page/codec.js`` is the reader.
"""

from __future__ import annotations

import base64
import zlib
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from closedworld.sanitize import one_line

_BYTES = 4


def packed(values: NDArray[np.integer]) -> str:
    """Return integers as text.

    After zigzag (0, -1, 1, -2 become 0, 1, 2, 3), the lowest bytes of all come first, then the next ones, as many as the
    largest needs: what deflates worst is together. The first byte says how many there are.

    Args:
        values: Any order, integer (n,), magnitudes below 2^31.
    """
    signed = np.asarray(values, np.int64)
    zigzag = (signed << 1) ^ (signed >> 63)
    n_bytes = max(1, -(-int(zigzag.max(initial=0)).bit_length() // 8))
    if n_bytes > _BYTES:
        raise ValueError(f"{signed.max()} does not fit 31 bits")
    planes = [(zigzag >> 8 * place).astype(np.uint8) for place in range(n_bytes)]
    return packed_bytes(np.concatenate([np.array([n_bytes], np.uint8), *planes]))


def packed_bytes(content: NDArray[np.uint8]) -> str:
    """Return bytes, uint8 (n,), as text."""
    return base64.b64encode(zlib.compress(content.tobytes(), 9)).decode("ascii")


def deltas(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the differences of neighbours, the first from 0, int64 (n,)."""
    return np.diff(values, prepend=0)


def packed_numbers(
    column: NDArray[np.integer] | NDArray[np.floating], *, per: int = 1, label: str = ""
) -> dict[str, Any]:
    """Return a column of numbers, rounded to whole parts, of which one has ``per``.

    Args:
        column: Any order, (n,).
        per: Parts of 1.
        label: What the page calls it among the facts of a row; empty to leave it out.

    Returns:
        ``values``: differences of neighbours; ``per`` and ``label`` where there are any.
    """
    whole = np.asarray(column, np.int64) if per == 1 else np.rint(column * per).astype(np.int64)
    scale = {"per": per} if per > 1 else {}
    return {"values": packed(deltas(whole)), **scale, **({"label": label} if label else {})}


def packed_texts(column: pa.ChunkedArray, *, label: str = "") -> dict[str, Any]:
    """Return a column of texts: ``names``, the most frequent first; ``values``, the number of each row's from 1, 0 for null."""
    coded = column.cast(pa.string()).combine_chunks().dictionary_encode()
    numbers = np.asarray(pc.fill_null(coded.indices, -1), np.int64)
    names = coded.dictionary.to_pylist()
    order = np.argsort(-np.bincount(numbers[numbers >= 0], minlength=len(names)), kind="stable")
    place = np.zeros(len(names) + 1, np.int64)
    place[order] = np.arange(1, len(names) + 1)
    return {
        **packed_numbers(place[numbers], label=label),
        "names": [one_line(names[i]) for i in order.tolist()],
    }
