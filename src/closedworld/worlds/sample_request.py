"""A request for sampled points: for which ids, in which countries, and how many."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from closedworld.config.options import split_codes
from closedworld.errors import ConfigError, InputError
from closedworld.kernels.sampling import MAX_POINTS
from closedworld.sanitize import library_message, quoted

_COUNTRY_NAMES = ("country", "country_iso")
_TEXT_COLUMNS = ("id", *_COUNTRY_NAMES)


@dataclass(frozen=True, slots=True, eq=False)
class SampleRequest:
    """The points to draw, row by row.

    Attributes:
        isos: Alpha-2 code of each row, upper case, string (rows,).
        counts: Points of each row, 0..2^31, int64 (rows,).
        ids: Id of each row as given; None when the rows have none.
    """

    isos: pa.Array
    counts: NDArray[np.int64]
    ids: pa.Array | None

    @classmethod
    def of(cls, table: pa.Table | None, country: str | None, n: int) -> SampleRequest:
        """Return the request of a table, or for ``n`` points in each of some countries.

        Raises:
            ConfigError: ``sample-unclear`` unless exactly one of both is given,
                ``countries-none-selected``.
            InputError: As ``from_table``.
        """
        if (table is None) == (country is None):
            raise ConfigError(
                "sample-unclear",
                "points are asked for both by country and by table, or by neither.",
                "Give a country and a number of points, or a table.",
            )
        if table is None:
            codes = list(dict.fromkeys(split_codes(country or "")))
            table = pa.table({"country": codes, "n": [n] * len(codes)})
        return cls.from_table(table)

    @classmethod
    def read(cls, path: Path) -> SampleRequest:
        """Return the request in a CSV or Parquet file.

        Raises:
            InputError: ``input-missing``, ``input-format``, ``input-unreadable``, or as ``from_table``.
        """
        suffix = path.suffix.lower()
        if not path.exists():
            raise InputError("input-missing", f"{path} does not exist.", "Check the path.")
        if suffix not in {".csv", ".parquet"}:
            raise InputError(
                "input-format", f"{path} is not named .csv or .parquet.", "Save it as one of these."
            )
        try:
            if suffix == ".parquet":
                return cls.from_table(pq.ParquetFile(path).read())
            # Codes and ids are text, whatever they look like: NA is Namibia, 007 is not 7.
            convert = pacsv.ConvertOptions(
                column_types={name: pa.string() for name in _TEXT_COLUMNS},
                null_values=[""],
                strings_can_be_null=True,
            )
            return cls.from_table(pacsv.read_csv(path, convert_options=convert))
        except (OSError, pa.ArrowException) as error:
            raise InputError(
                "input-unreadable", f"{path} cannot be read: {library_message(error)}."
            ) from error

    @classmethod
    def from_table(cls, table: pa.Table) -> SampleRequest:
        """Return the request of a table.

        Args:
            table: Column ``country`` (or ``country_iso``), and optionally ``id`` and ``n``; other
                columns are ignored.

        Raises:
            InputError: ``table-column``, ``table-value``, ``table-id-twice``.
        """
        names = [name for name in _COUNTRY_NAMES if name in table.column_names]
        if len(names) != 1:
            raise InputError(
                "table-column",
                f"the table must have one column country or country_iso; it has "
                f"{quoted(table.column_names)}.",
            )
        isos = pc.utf8_upper(_column(table, names[0], pa.string()))
        ids = None
        if "id" in table.column_names:
            is_number = pa.types.is_integer(table.schema.field("id").type)
            ids = _column(table, "id", pa.int64() if is_number else pa.string())
        counts = np.ones(table.num_rows, np.int64)
        if "n" in table.column_names:
            counts = _column(table, "n", pa.int64()).to_numpy()
            wrong = np.flatnonzero((counts < 0) | (counts > MAX_POINTS))
            if len(wrong):
                _refuse("n", int(wrong[0]), f"{counts[wrong[0]]}; it must be in 0..{MAX_POINTS}")
        _refuse_twice(isos, ids)
        return cls(isos, counts, ids)


def _column(table: pa.Table, name: str, kind: pa.DataType) -> pa.Array:
    """Return a column in a type, without nulls."""
    try:
        column = table[name].cast(kind).combine_chunks()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise InputError(
            "table-column",
            f"column {name} of the table is {table[name].type} and cannot be read as {kind}: "
            f"{library_message(error)}.",
        ) from error
    if column.null_count:
        _refuse(name, column.is_null().index(True).as_py(), "empty")
    return column


def _refuse_twice(isos: pa.Array, ids: pa.Array | None) -> None:
    """Raise when two rows would get the same points."""
    texts = pa.array([""] * len(isos)) if ids is None else ids.cast(pa.string())
    pairs = pa.table({"id": texts, "country": isos})
    counted = pairs.group_by(["id", "country"]).aggregate([([], "count_all")])
    if counted.num_rows < pairs.num_rows:
        again = counted.filter(pc.greater(counted["count_all"], 1)).slice(0, 1).to_pylist()[0]
        who = "" if ids is None else f" and id {quoted(again['id'])}"
        raise InputError(
            "table-id-twice",
            f"{again['count_all']} rows ask for points of country {quoted(again['country'])}{who}; all "
            "would get the same points.",
            "Put them into one row, or give each its own id.",
        )


def _refuse(name: str, row: int, what: str) -> None:
    raise InputError("table-value", f"row {row + 1} of the table: {name} is {what}.")
