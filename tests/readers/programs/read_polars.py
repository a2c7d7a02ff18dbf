"""Polars: ``scan_parquet(folder)``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
from summing import main

if TYPE_CHECKING:
    from pathlib import Path


def columns_of(path: Path) -> dict[str, list[Any]]:
    return pl.scan_parquet(path).collect().to_dict(as_series=False)


main(pl.__version__, columns_of)
