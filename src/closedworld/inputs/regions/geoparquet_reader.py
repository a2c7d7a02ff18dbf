"""Reads GeoParquet 1.x with pyarrow alone: https://geoparquet.org/releases/v1.1.0/."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from closedworld.errors import ConfigError, InputError
from closedworld.inputs.limits import check_bytes, check_rows
from closedworld.inputs.regions.region_files import unreadable
from closedworld.inputs.regions.rows import ColumnValues, Header, Rows
from closedworld.sanitize import one_line

_CONVERT = "Write it with geopandas' to_parquet, or ogr2ogr out.parquet in.gpkg."
# The reference system of a file without "crs", by the specification.
_DEFAULT_CRS = "OGC:CRS84"


@dataclass(frozen=True, slots=True)
class GeoParquetReader:
    """An opened GeoParquet file, or a folder of its parts.

    Attributes:
        paths: The file, or the parts in the order of their names.
        header: Its metadata; that of the first part.
        geometry_column: Its primary geometry column, in well-known binary.
    """

    paths: tuple[Path, ...]
    header: Header
    geometry_column: str

    @classmethod
    def open(cls, paths: tuple[Path, ...], layer: str | None) -> GeoParquetReader:
        """Read the metadata of a GeoParquet file.

        Raises:
            InputError: ``input-unreadable``, ``geoparquet-metadata``, ``geoparquet-encoding``,
                ``geoparquet-edges``.
            ConfigError: ``layer-unknown``.
        """
        if layer is not None:
            raise ConfigError("layer-unknown", "a Parquet file has no layers.", "Drop --layer.")
        try:
            schemas = [pq.read_schema(path) for path in paths]
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise unreadable(error) from error
        schema = schemas[0]
        name, column = _primary_column(schema)
        crs = column.get("crs", _DEFAULT_CRS)
        for path, other in zip(paths, schemas, strict=True):
            its_name, its_column = _primary_column(other)
            if (its_name, its_column.get("crs", _DEFAULT_CRS)) != (name, crs):
                raise _bad_metadata(f"{path.name} has another geometry column or reference system")
        if not isinstance(crs, dict | str | None):
            raise _bad_metadata('"crs" is not PROJJSON')
        if len(set(schema.names)) < len(schema.names):
            raise unreadable("it has two columns of the same name", "Rename one of them.")
        columns = tuple(other for other in schema.names if other != name)
        return cls(paths, Header(columns, crs), name)

    def rows(
        self, columns: tuple[str, ...], keep: Sequence[int] | None = None, *, geometry: bool = True
    ) -> Rows:
        """Return the geometries and the named columns, of some rows or of all.

        Raises:
            InputError: ``input-unreadable``, ``geoparquet-encoding``.
        """
        table = self._table((self.geometry_column, *columns) if geometry else columns)
        if keep is not None:
            table = table.take(list(keep))
        wkb = _decoded(table.column(self.geometry_column)).to_pylist() if geometry else []
        return Rows(wkb, _listed(table, columns))

    def _table(self, columns: tuple[str, ...]) -> pa.Table:
        tables = []
        try:
            for path in self.paths:
                # As dictionaries: repeated values are then held once.
                with pq.ParquetFile(path, read_dictionary=list(columns)) as file:
                    _check_size(file.metadata)
                    tables.append(file.read(columns=list(columns)))
            table = pa.concat_tables(tables, promote_options="permissive")
            check_rows(table.num_rows)
            check_bytes(sum(map(_unpacked_bytes, table.columns)), "values")
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise unreadable(error) from error
        return table


def _listed(table: pa.Table, columns: tuple[str, ...]) -> ColumnValues:
    try:
        return {column: table.column(column).to_pylist() for column in columns}
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise unreadable(error) from error


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
