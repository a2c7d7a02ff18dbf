"""The file around the chunks: row groups one after another, and the footer that says where they are.

Source: Apache Parquet, ``parquet.thrift``: FileMetaData and what it holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from closedworld.kernels.parquet.chunks import Chunk
from closedworld.kernels.parquet.pages import Kind
from closedworld.kernels.parquet.thrift import Value, binary, flag, i32, i64, sequence, struct

_MAGIC = b"PAR1"
_FORMAT_VERSION = 2
_CREATED_BY = b"closedworld version 1.0.0"
"""Readers look here for writers whose files are known to be wrong; the version is this writer's own."""

_REQUIRED = 0
_INT32, _INT64, _DOUBLE, _BYTE_ARRAY = 1, 2, 5, 6
_UTF8 = 0
_TEXT = 1
"""Field of the union LogicalType."""


class Writer:
    """Puts a Parquet file together in memory, row group by row group.

    Args:
        schema: Its columns: texts, int32, int64, float64; none nullable.
        order: Columns that rows are sorted by, ascending.

    Raises:
        TypeError: A column is nullable.
    """

    def __init__(self, schema: pa.Schema, order: Sequence[str]) -> None:
        if any(field.nullable for field in schema):
            raise TypeError("columns written from runs have no missing values")
        self._schema = schema
        self._names = [binary(name.encode()) for name in schema.names]
        self._types = [_physical(field.type) for field in schema]
        self._order = [schema.get_field_index(name) for name in order]
        self._content = bytearray(_MAGIC)
        self._row_groups: list[Value] = []
        self.rows = 0

    def write(self, chunks: Mapping[str, Chunk]) -> None:
        """Append a row group.

        Args:
            chunks: A chunk for each column, by name, of as many rows each.

        Raises:
            ValueError: A column is missing, unknown, or of another number of rows than the first.
            TypeError: A column has another type.
        """
        ordered = self._in_order(chunks)
        rows, begin = ordered[0].rows, len(self._content)
        columns = [
            self._chunk(*each) for each in zip(self._names, self._types, ordered, strict=True)
        ]
        pages = [page for chunk in ordered for page in chunk.pages]
        ascending = {2: flag(value=False), 3: flag(value=False)}
        self._row_groups.append(
            struct(
                {
                    1: sequence(columns),
                    2: i64(sum(page.plain_bytes for page in pages)),
                    3: i64(rows),
                    4: sequence([struct({1: i32(index), **ascending}) for index in self._order]),
                    5: i64(begin),
                    6: i64(len(self._content) - begin),
                }
            )
        )
        self.rows += rows

    def finish(self) -> pa.Buffer:
        """Return the bytes of the file.

        Raises:
            ValueError: When nothing was written.
        """
        if not self._row_groups:
            raise ValueError("a file needs at least one row group")
        root = struct({4: binary(b"schema"), 5: i32(len(self._schema))})
        _, footer = struct(
            {
                1: i32(_FORMAT_VERSION),
                2: sequence([root, *map(_schema_element, self._schema)]),
                3: i64(self.rows),
                4: sequence(self._row_groups),
                6: binary(_CREATED_BY),
                # Limits are in the order of each column's type; without this readers pass them over.
                7: sequence([struct({1: struct({})})] * len(self._schema)),
            }
        )
        self._content += footer + len(footer).to_bytes(4, "little") + _MAGIC
        return pa.py_buffer(self._content)

    def _in_order(self, chunks: Mapping[str, Chunk]) -> list[Chunk]:
        """Return the chunks in the order of the columns, checked against the schema."""
        odd = sorted(set(chunks) ^ set(self._schema.names))
        if odd:
            raise ValueError(f"missing or unknown columns: {', '.join(odd)}")
        rows = chunks[self._schema.names[0]].rows
        for field in self._schema:
            chunk = chunks[field.name]
            if chunk.type != field.type:
                raise TypeError(f"column {field.name} is {chunk.type}, not {field.type}")
            if chunk.rows != rows:
                raise ValueError(f"column {field.name} has {chunk.rows} rows, not {rows}")
        return [chunks[name] for name in self._schema.names]

    def _chunk(self, name: Value, kind: int, chunk: Chunk) -> Value:
        """Append the pages of a column and return what the footer says of them."""
        begin = len(self._content)
        offsets = {}
        for page in chunk.pages:
            offsets[page.kind] = len(self._content)
            self._content += page.content
        meta = {
            1: i32(kind),
            2: sequence([i32(encoding) for encoding in sorted({p.encoding for p in chunk.pages})]),
            3: sequence([name]),
            4: i32(chunk.pages[0].codec),
            5: i64(chunk.rows),
            6: i64(sum(page.plain_bytes for page in chunk.pages)),
            7: i64(len(self._content) - begin),
            9: i64(offsets[Kind.DATA]),
        }
        if Kind.DICTIONARY in offsets:
            meta[11] = i64(offsets[Kind.DICTIONARY])
        meta[12] = struct({3: i64(0), 5: binary(chunk.maximum), 6: binary(chunk.minimum)})
        # By these a reader knows that the dictionary holds all there is in the chunk.
        meta[13] = sequence(
            [struct({1: i32(p.kind), 2: i32(p.encoding), 3: i32(1)}) for p in chunk.pages]
        )
        return struct({2: i64(0), 3: struct(meta)})


def _physical(kind: pa.DataType) -> int:
    """Return the number of the format's type that holds a column."""
    return {
        pa.string(): _BYTE_ARRAY,
        pa.int32(): _INT32,
        pa.int64(): _INT64,
        pa.float64(): _DOUBLE,
    }[kind]


def _schema_element(field: pa.Field) -> Value:
    element = {1: i32(_physical(field.type)), 3: i32(_REQUIRED), 4: binary(field.name.encode())}
    if pa.types.is_string(field.type):
        element |= {6: i32(_UTF8), 10: struct({_TEXT: struct({})})}
    return struct(element)
