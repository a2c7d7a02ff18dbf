"""What each program does with the columns that its engine read. Imports nothing but Python's own."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def main(version: str, columns_of: Callable[[Path], dict[str, list[Any]]]) -> None:
    """Print the version and, of each table asked for, rows by country, sums, and missing values.

    Args:
        version: Of the engine.
        columns_of: Reads a file or a folder without any option.
    """
    tables = {}
    for name, (path, integers, reals, texts, times, flags) in json.loads(
        Path(sys.argv[1]).read_text()
    ).items():
        try:
            columns = columns_of(Path(path))
            isos = columns["country_iso"]
            tables[name] = {
                "countries": {str(iso): isos.count(iso) for iso in set(isos)},
                "integers": {one: str(sum(map(_exactly, columns[one]))) for one in integers},
                "reals": {one: float(sum(_present(columns[one]))) for one in reals},
                "texts": {one: sum(map(_size, _present(columns[one]))) for one in texts},
                "times": {one: str(sum(map(_micros, _present(columns[one])))) for one in times},
                "flags": {one: int(sum(map(bool, columns[one]))) for one in flags},
                "missing": {
                    one: len(columns[one]) - len(_present(columns[one]))
                    for one in reals + texts + times
                },
            }
        except Exception as error:  # noqa: BLE001 -- whatever an engine raises is its answer
            tables[name] = {"error": f"{type(error).__name__}: {error}"[:300]}
    sys.stdout.write(json.dumps({"version": version, "tables": tables}) + "\n")


def _exactly(value: float) -> int:
    """Return an integer as it is; an engine that made a real number of it has misread the type."""
    if type(value) is float or int(value) != value:
        raise TypeError(f"{value!r} is no integer")
    return int(value)


def _micros(value: Any) -> int:
    """Return microseconds since 1970; a time without a zone counts as if it were UTC."""
    time = datetime.fromisoformat(value) if isinstance(value, str) else value
    time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    return (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _size(text: str) -> int:
    return len(text.encode())


def _present(values: list[Any]) -> list[Any]:
    """Return values without the missing ones, which are NaN in pandas."""
    return [value for value in values if value is not None and value == value]  # noqa: PLR0124
