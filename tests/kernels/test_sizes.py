"""Sizes that are part of the format are those that the documentation names."""

from __future__ import annotations

from closedworld.kernels.sizes import DEFAULT_SIZES


def test_row_groups_and_part_files_have_the_documented_rows() -> None:
    """``docs/reference/datasets.md``; other sizes are other bytes and other digests."""
    assert DEFAULT_SIZES.row_group_tiles == 1_048_576
    assert DEFAULT_SIZES.part_tiles == 4_194_304
