"""DataFusion: ``register_parquet(name, folder)``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import datafusion
from summing import main

if TYPE_CHECKING:
    from pathlib import Path


def columns_of(path: Path) -> dict[str, list[Any]]:
    context = datafusion.SessionContext()
    context.register_parquet("t", f"{path}/" if path.is_dir() else str(path))
    frame = context.table("t")
    return {name: [] for name in frame.schema().names} | frame.to_pydict()


main(datafusion.__version__, columns_of)
