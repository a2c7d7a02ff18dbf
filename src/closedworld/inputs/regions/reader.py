"""Opens a file of polygons with the reader of its format."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from closedworld.inputs.regions.raw_rows import Header, Rows
from closedworld.inputs.regions.region_files import (
    PARQUET_SUFFIXES,
    check_content,
    existing,
    unreadable,
)


class Reader(Protocol):
    """An opened file of polygons."""

    @property
    def header(self) -> Header:
        """Metadata of the file."""

    def rows(self, columns: tuple[str, ...]) -> Rows:
        """Return the geometries and the named columns of all rows.

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
    suffix = main.suffix.lower()
    try:
        check_content(main, suffix)
    except OSError as error:
        raise unreadable(error) from error
    if suffix in PARQUET_SUFFIXES:
        from closedworld.inputs.regions.geoparquet_reader import GeoParquetReader  # noqa: PLC0415 (pyarrow)

        return GeoParquetReader.open(main, layer)
    from closedworld.inputs.regions.gdal_reader import VectorReader  # noqa: PLC0415 (GDAL, 100 ms)

    return VectorReader.open(main, layer)
