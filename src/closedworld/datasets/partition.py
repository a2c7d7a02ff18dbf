"""What a dataset is cut by: the value of a column, which names a folder."""

from __future__ import annotations

import re
from dataclasses import dataclass

_COLUMN = re.compile(r"[a-z][a-z0-9_]{0,63}")
_VALUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True, order=True)
class Partition:
    """Rows that share the value of a column, and so a folder.

    Attributes:
        column: Name of the column, such as ``country_iso`` or ``date``.
        value: Its value as text, such as ``DE`` or ``2026-01-07``: ASCII letters and digits, and after
            the first also ``-`` and ``_``, 64 at most; no separator and no dot.

    Raises:
        ValueError: One of them could lead out of the folder.
    """

    column: str
    value: str

    def __post_init__(self) -> None:
        """Refuse what is not a plain name: a code never brings a path."""
        if not _COLUMN.fullmatch(self.column) or not _VALUE.fullmatch(self.value):
            raise ValueError(f"not a partition: {self.column!r}, {self.value!r}")

    def __str__(self) -> str:
        return f"{self.column}={self.value}"

    @classmethod
    def of_folder(cls, name: str) -> Partition:
        """Return the partition that names a folder, such as ``country_iso=DE``.

        Raises:
            ValueError: None does.
        """
        column, _, value = name.partition("=")
        return cls(column, value)

    @classmethod
    def of_country(cls, country_iso: str) -> Partition:
        """Return the partition of a country."""
        return cls("country_iso", country_iso)
