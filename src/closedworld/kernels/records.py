"""Records in order that are also a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import ClassVar, Generic, Protocol, TypeVar

import pyarrow as pa

from closedworld.sanitize import html_table

_SHOWN = 3


class Record(Protocol):
    """A record that can be a row of a table: an attribute for each column."""

    ARROW_SCHEMA: ClassVar[pa.Schema]


R_co = TypeVar("R_co", bound=Record, covariant=True)


@dataclass(frozen=True, slots=True, repr=False)
class Records(Generic[R_co]):
    """Records of one kind; whatever reads Arrow streams (pandas, Polars, DuckDB) takes them as a table.

    They are no ``Sequence``, which some libraries would read value by value instead.

    Attributes:
        items: The records in order.
    """

    items: tuple[R_co, ...] = ()

    @classmethod
    def of(cls, records: Iterable[R_co]) -> Records[R_co]:
        """Return records in the order given."""
        return cls(tuple(records))

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[R_co]:
        return iter(self.items)

    def __getitem__(self, number: int) -> R_co:
        return self.items[number]

    def __repr__(self) -> str:
        first = ", ".join(map(repr, self.items[:_SHOWN]))
        left = len(self) - _SHOWN
        return f"<{len(self)} records: {first}{f' and {left} more' if left > 0 else ''}>"

    def _repr_html_(self) -> str:
        names = list(self[0].ARROW_SCHEMA.names) if self.items else []
        rows = [[getattr(one, name) for name in names] for one in self]
        return html_table(f"{len(self)} records", names, rows)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return an Arrow stream of one row per record; without columns if there is none."""
        schema = self[0].ARROW_SCHEMA if self.items else pa.schema([])
        columns = [[_plain(getattr(one, name)) for one in self] for name in schema.names]
        return pa.table(columns, schema=schema).__arrow_c_stream__(requested_schema)


def _plain(value: object) -> object:
    """Return a value as Arrow takes it: records within as dictionaries."""
    return [asdict(one) for one in value] if isinstance(value, tuple) else value
