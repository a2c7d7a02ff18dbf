"""Part files, staged or published: where they are, and opening them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from closedworld.store.protocol import Storage
from closedworld.store.receipt import FileEntry

if TYPE_CHECKING:
    import pyarrow.parquet as pq


def path_of(folder: Storage, entry: FileEntry) -> Path:
    """Return where a file of a result is, for messages."""
    return folder.root / entry.path


def open_part(folder: Storage, entry: FileEntry, texts: Sequence[str] = ()) -> pq.ParquetFile:
    """Open a part file as readers see it; checksums of pages are verified as they are read.

    Args:
        folder: The folder of its result.
        entry: The file.
        texts: Columns of few texts, read as dictionary arrays.

    Raises:
        OSError, pyarrow.ArrowException: It cannot be read.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415 -- most commands read none

    paths, filesystem = folder.for_arrow([entry.path])
    return pq.ParquetFile(
        paths[0],
        filesystem=filesystem,
        read_dictionary=list(texts),
        page_checksum_verification=True,
    )
