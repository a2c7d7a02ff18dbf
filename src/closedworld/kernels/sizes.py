"""How much is done or written at once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sizes:
    """Where tables are cut into files, and how much of a country is worked on at once.

    ``row_group_tiles`` and ``part_tiles`` decide bytes and digests: they belong to the ``FORMAT`` of a
    stage, and no option reaches them. The others change speed and memory and not a byte.

    Attributes:
        row_group_tiles: Rows of a Parquet row group.
        part_tiles: Rows of a part file at most.
        batch_tiles: Tiles weighted at once. Smaller arrays would stay in a core's own cache, but threads
            would wait for the interpreter lock between them: 2^16 takes a quarter longer with two threads,
            and a tenth less with one.
        few_tiles: Remainders that are few enough to look at one by one.
        bucket_bits: Others are counted in up to ``2**bucket_bits`` buckets at once, 1..16.
    """

    row_group_tiles: int = 1 << 20
    part_tiles: int = 1 << 22
    batch_tiles: int = 1 << 18
    few_tiles: int = 1 << 18
    bucket_bits: int = 16


DEFAULT_SIZES = Sizes()
"""The sizes of the format."""
