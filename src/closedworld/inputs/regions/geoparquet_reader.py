"""Reads GeoParquet 1.x with pyarrow alone: https://geoparquet.org/releases/v1.1.0/."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from closedworld.errors import ConfigError, InputError
from closedworld.inputs.limits import check_bytes, check_rows
from closedworld.inputs.regions.raw_rows import Header, Rows
from closedworld.inputs.regions.region_files import unreadable
from closedworld.sanitize import one_line

_CONVERT = "Write it with geopandas' to_parquet, or ogr2ogr out.parquet in.gpkg."
# The reference system of a file without "crs", by the specification.
_DEFAULT_CRS = "OGC:CRS84"


@dataclass(frozen=True, slots=True)
class GeoParquetReader:
    """An opened GeoParquet file.

    Attributes:
        path: The file.
        header: Its metadata.
        geometry_column: Its primary geometry column, in well-known binary.
    """

    path: Path
    header: Header
    geometry_column: str

    @classmethod
    def open(cls, path: Path, layer: str | None) -> GeoParquetReader:
        """Read the metadata of a GeoParquet file.

        Raises:
            InputError: ``input-unreadable``, ``geoparquet-metadata``, ``geoparquet-encoding``,
                ``geoparquet-edges``.
            ConfigError: ``layer-unknown``.
        """
        if layer is not None:
            raise ConfigError("layer-unknown", "a Parquet file has no layers.", "Drop --layer.")
        try:
            schema = pq.read_schema(path)
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise unreadable(error) from error
        name, column = _primary_column(schema)
        crs = column.get("crs", _DEFAULT_CRS)
        if not isinstance(crs, dict | str | None):
            raise _bad_metadata('"crs" is not PROJJSON')
        if len(set(schema.names)) < len(schema.names):
            raise unreadable("it has two columns of the same name", "Rename one of them.")
        columns = tuple(other for other in schema.names if other != name)
        return cls(path, Header(columns, crs), name)

    def rows(self, columns: tuple[str, ...]) -> Rows:
        """Return the geometries and the named columns of all rows.

        Raises:
            InputError: ``input-unreadable``, ``geoparquet-encoding``.
        """
        wanted = [self.geometry_column, *columns]
        try:
            # As dictionaries: repeated values are then held once.
            with pq.ParquetFile(self.path, read_dictionary=wanted) as file:
                _check_size(file.metadata)
                table = file.read(columns=wanted)
            check_bytes(sum(map(_unpacked_bytes, table.columns)), "values")
            geometry = _decoded(table.column(self.geometry_column))
            values = {column: table.column(column).to_pylist() for column in columns}
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise unreadable(error) from error
        return Rows(geometry.to_pylist(), values)


def _check_size(metadata: Any) -> None:
    """Refuse a file whose metadata states too many rows or bytes."""
    check_rows(metadata.num_rows)
    # Not by column: damaged statistics of a column make pyarrow 26 abort the process.
    groups = (metadata.row_group(number) for number in range(metadata.num_row_groups))
    check_bytes(sum(group.total_byte_size for group in groups), "values")


def _unpacked_bytes(column: pa.ChunkedArray) -> int:
    """Return the bytes of a column without its dictionary."""
    if not pa.types.is_dictionary(column.type):
        return int(column.nbytes)
    total = 0
    for chunk in column.chunks:
        lengths = pc.binary_length(chunk.dictionary).take(chunk.indices)
        total += pc.sum(lengths.cast(pa.int64())).as_py() or 0
    return total


def _decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column as plain binary values, without extension type or dictionary."""
    if isinstance(column.type, pa.BaseExtensionType):
        chunks = [chunk.storage for chunk in column.chunks]
        column = pa.chunked_array(chunks, column.type.storage_type)
    if pa.types.is_dictionary(column.type):
        chunks = [chunk.dictionary_decode() for chunk in column.chunks]
        column = pa.chunked_array(chunks, column.type.value_type)
    return column


def _primary_column(schema: Any) -> tuple[str, dict[str, Any]]:
    """Return the name and the metadata of the primary geometry column, checked."""
    raw = (schema.metadata or {}).get(b"geo")
    if raw is None:
        raise InputError(
            "geoparquet-metadata",
            'it is Parquet without "geo" metadata, so not GeoParquet.',
            _CONVERT,
        )
    try:
        geo = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise _bad_metadata("it is not JSON") from error
    name = geo.get("primary_column") if isinstance(geo, dict) else None
    columns = geo.get("columns") if isinstance(geo, dict) else None
    column = columns.get(name) if isinstance(columns, dict) and isinstance(name, str) else None
    if not isinstance(column, dict) or not isinstance(name, str) or name not in schema.names:
        raise _bad_metadata("it does not describe its primary column")
    if column.get("encoding") != "WKB" or not _is_binary(schema.field(name).type):
        raise InputError(
            "geoparquet-encoding",
            f"geometries are encoded as {one_line(str(column.get('encoding')), 40)!r} in a column of "
            f"type {one_line(str(schema.field(name).type), 40)}; only WKB is read.",
            _CONVERT,
        )
    if column.get("edges", "planar") != "planar":
        raise InputError(
            "geoparquet-edges",
            f"edges are {one_line(str(column['edges']), 40)!r}; only planar ones are read.",
            "Densify the edges and store them as planar.",
        )
    return name, column


def _is_binary(kind: Any) -> bool:
    storage = kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind
    return bool(pa.types.is_binary(storage) or pa.types.is_large_binary(storage))


def _bad_metadata(why: str) -> InputError:
    return InputError("geoparquet-metadata", f'its "geo" metadata is unusable: {why}.', _CONVERT)
