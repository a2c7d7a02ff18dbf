"""What a dataset is cut by: the value of a column, which names files."""

from __future__ import annotations

import re
from dataclasses import dataclass

_COLUMN = re.compile(r"[a-z][a-z0-9_]{0,63}")
_VALUE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?")
_FILE = re.compile(rf"({_VALUE.pattern})-\d{{5,}}\.parquet")


@dataclass(frozen=True, slots=True, order=True)
class Partition:
    """Rows that share the value of a column, and so part files.

    Attributes:
        column: Name of the column, such as ``country_iso`` or ``date``.
        value: Its value as text, such as ``DE``, ``US.TX`` or ``2026-01-07``: ASCII letters and digits, and
            after the first also ``-``, ``_`` and, but for the last, ``.``; 64 at most, and no separator.

    Raises:
        ValueError: One of them could lead out of the folder of the dataset.
    """

    column: str
    value: str

    def __post_init__(self) -> None:
        """Refuse what is not a plain name: a code never brings a path."""
        if not _COLUMN.fullmatch(self.column) or not _VALUE.fullmatch(self.value):
            raise ValueError(f"not a partition: {self.column!r}, {self.value!r}")

    def file_name(self, number: int) -> str:
        """Return the name of one of its part files, such as ``DE-00000.parquet``."""
        return f"{self.value}-{number:05d}.parquet"

    @staticmethod
    def value_of(file_name: str) -> str:
        """Return the value that names a part file.

        Raises:
            ValueError: None does.
        """
        found = _FILE.fullmatch(file_name)
        if found is None:
            raise ValueError(f"not the name of a part file: {file_name!r}")
        return found[1]

    @classmethod
    def of_country(cls, country_iso: str) -> Partition:
        """Return the partition of a country."""
        return cls("country_iso", country_iso)
