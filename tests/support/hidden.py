"""Environments in which other processes find only what every user has."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

OPTIONAL = ("duckdb", "geopandas", "pandas", "polars")
"""Packages that no command needs; pyarrow loads pandas where it is there, which takes a third of a second."""

_HIDING = str(Path(__file__).with_name("hiding"))


def environment_without(
    packages: Collection[str] = OPTIONAL, path: str | None = None
) -> dict[str, str]:
    """Return this environment for processes that are not to find some packages.

    Args:
        packages: Names of what is hidden.
        path: Their PYTHONPATH; None for that of this process.
    """
    before = os.environ.get("PYTHONPATH") if path is None else path
    found = os.pathsep.join([_HIDING, *filter(None, [before])])
    return {**os.environ, "PYTHONPATH": found, "CLOSEDWORLD_TESTS_WITHOUT": ",".join(packages)}
