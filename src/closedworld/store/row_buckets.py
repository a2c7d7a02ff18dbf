"""Rows sorted into buckets on temporary disk, so that those of one key are found together in bounded memory."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from closedworld.store.durable import writing_to

_MIX = np.uint64(0x9E3779B97F4A7C15)


class RowBuckets:
    """Buckets of fixed-size rows. Their files have no names, so nothing is left behind, however the program ends.

    Args:
        dtype: Type of a row, a structured NumPy type.
        n_buckets: How many, each a file that is open.
    """

    def __init__(self, dtype: np.dtype[Any], n_buckets: int) -> None:
        self._dtype, self._n_buckets = dtype, n_buckets
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._files = [
            self._stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 -- the stack closes it
            for _ in range(self._n_buckets)
        ]
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def __len__(self) -> int:
        return self._n_buckets

    def add(self, rows: NDArray[Any], keys: NDArray[np.int32]) -> None:
        """Append rows (n,) to the buckets of their keys (n,); rows of one key stay in order.

        Raises:
            PublishError: ``output-not-writable``: no temporary disk is left.
        """
        # A multiplicative hash, because neighbouring numbers often have purchases in the same days.
        mixed = (keys.astype(np.uint64) * _MIX) >> np.uint64(32)
        bucket = (mixed % np.uint64(self._n_buckets)).astype(np.int64)
        order = np.argsort(bucket, kind="stable")
        stops = np.cumsum(np.bincount(bucket, minlength=self._n_buckets))
        with writing_to(Path(tempfile.gettempdir())):
            for file, piece in zip(self._files, np.split(rows[order], stops[:-1]), strict=True):
                file.write(piece.tobytes())

    def read(self, number: int) -> NDArray[Any]:
        """Return the rows of a bucket, in the order in which they were added."""
        file = self._files[number]
        file.seek(0)
        return np.frombuffer(file.read(), self._dtype)
