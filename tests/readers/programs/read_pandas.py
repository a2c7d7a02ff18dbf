"""pandas: ``read_parquet(folder)``, by pyarrow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
from summing import main

if TYPE_CHECKING:
    from pathlib import Path


def columns_of(path: Path) -> dict[str, list[Any]]:
    frame = pd.read_parquet(path)
    if str(frame["country_iso"].dtype) not in {"object", "str"}:
        raise TypeError(f"country_iso is {frame['country_iso'].dtype}, no plain column")
    return {name: frame[name].tolist() for name in frame.columns}


main(f"{pd.__version__} with pyarrow {pa.__version__}", columns_of)
