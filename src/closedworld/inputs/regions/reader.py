"""Opens a file of polygons with the reader of its format."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from closedworld.inputs.regions.region_files import (
    GEODATABASE,
    PARQUET_SUFFIXES,
    check_content,
    existing,
    is_geodatabase,
    parquet_parts,
    unreadable,
)
from closedworld.inputs.regions.rows import Header, Rows


class Reader(Protocol):
    """An opened file of polygons."""

    @property
    def header(self) -> Header:
        """Metadata of the file."""

    def rows(
        self, columns: tuple[str, ...], keep: Sequence[int] | None = None, *, geometry: bool = True
    ) -> Rows:
        """Return the geometries and the named columns.

        Args:
            columns: Names of columns.
            keep: Offsets of the rows to read, ascending; None for all.
            geometry: Whether to read geometries, too; ``wkb`` is empty without.

        Raises:
            InputError: ``input-unreadable``.
        """


def open_reader(path: str | Path, layer: str | None) -> Reader:
    """Open a file of polygons by its suffix.

    Raises:
        InputError: ``input-missing``, ``input-not-a-file``, ``input-format``, ``input-incomplete``,
            ``input-unreadable``, ``layer-ambiguous`` and what the format's reader raises.
        ConfigError: ``layer-unknown``.
    """
    main = existing(Path(path))
    suffix = GEODATABASE if main.is_dir() and is_geodatabase(main) else main.suffix.lower()
    try:
        parts = parquet_parts(main) if main.is_dir() else (main,)
        if suffix != GEODATABASE:
            for part in parts:
                check_content(part, part.suffix.lower())
    except OSError as error:
        raise unreadable(error) from error
    if suffix != GEODATABASE and parts[0].suffix.lower() in PARQUET_SUFFIXES:
        from closedworld.inputs.regions.geoparquet_reader import GeoParquetReader  # noqa: PLC0415 (pyarrow)

        return GeoParquetReader.open(parts, layer)
    from closedworld.inputs.regions.gdal_reader import VectorReader  # noqa: PLC0415 (GDAL, 100 ms)

    return VectorReader.open(main, layer)
