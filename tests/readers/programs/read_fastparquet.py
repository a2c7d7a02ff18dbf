"""fastparquet: ``ParquetFile(folder).to_pandas()``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import fastparquet
from summing import main

if TYPE_CHECKING:
    from pathlib import Path


def columns_of(path: Path) -> dict[str, list[Any]]:
    frame = fastparquet.ParquetFile(str(path)).to_pandas()
    return {name: frame[name].tolist() for name in frame.columns}


main(fastparquet.__version__, columns_of)
