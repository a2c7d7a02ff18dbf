"""Spark: ``spark.read.parquet(folder)``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyspark
from pyspark.sql import SparkSession
from summing import main

if TYPE_CHECKING:
    from pathlib import Path


SPARK = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()


def columns_of(path: Path) -> dict[str, list[Any]]:
    frame = SPARK.read.parquet(str(path))
    rows = frame.collect()
    return {name: [row[name] for row in rows] for name in frame.columns}


main(pyspark.__version__, columns_of)
