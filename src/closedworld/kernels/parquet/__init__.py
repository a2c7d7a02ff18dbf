"""Parquet files of columns that follow from runs, without expanding them (docs/decisions/0022-written-from-runs.md).

An encoded page of "this value so many times" or of "one more than the last" is as short as the run it comes
from, and one page serves every column of a file that repeats in the same way. pyarrow can only be given the
values, one by one. Tables of another kind are pyarrow's to write (``datasets.part_encoder``).
"""

from closedworld.kernels.parquet.chunks import Chunk, constant, looked_up, numbers, plain
from closedworld.kernels.parquet.encodings import counted_up, index_dtype, packed, repeated
from closedworld.kernels.parquet.pages import Encoding, Page
from closedworld.kernels.parquet.writer import Writer

__all__ = [
    "Chunk",
    "Encoding",
    "Page",
    "Writer",
    "constant",
    "counted_up",
    "index_dtype",
    "looked_up",
    "numbers",
    "packed",
    "plain",
    "repeated",
]
