"""Files of every kind that we write, small ones, and what is in them."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset as pads

import closedworld as cw
from closedworld.datasets import DATASETS, TILE_INDEX, Column, Dataset
from closedworld.datasets.part_encoder import PartEncoder, part_writer
from closedworld.kernels.spans import RowSpans, Rule
from closedworld.kernels.tiles import RowGroup, Tiles, areas_of
from closedworld.worlds.tile_geometry import export_tiles

COUNTRIES = ("FJ", "LU", "MT", "NA", "VA")
"""Vatican City has no tile of 5 minutes; Namibia is no missing value."""

SHOPS = """\
merchant_id,country_iso,n,mcc,brand,place,owner
007,FJ,30,5411,Vonu,,x
7,LU,3,,,Esch-sur-Alzette,
cafe,NA,400,5812,,,Søren
web,MT,2,5815,,,
"""
"""Merchants without outlets on the map, too, and with a column of the user's."""

WITHOUT_COUNTRY = frozenset({"truth"})
"""Datasets that cannot be counted by country; "times and flags" has columns of the same types."""

WIDE = 66_000
"""Columns of a row group, more than indices of two bytes tell apart."""


@dataclass(frozen=True, slots=True)
class Table:
    """A file, or the folder of a dataset.

    Attributes:
        path: Where it is.
        integers: Columns of integers.
        reals: Columns of real numbers.
        texts: Columns of text besides the country.
        times: Columns of times, with UTC or without a zone.
        flags: Columns of truth values.
        truth: Rows by country, the sum of each column (of texts, their bytes) and the values that are missing,
            as this environment's pyarrow reads them.
    """

    path: Path
    integers: tuple[str, ...]
    reals: tuple[str, ...]
    texts: tuple[str, ...]
    times: tuple[str, ...]
    flags: tuple[str, ...]
    truth: dict[str, Any]

    @classmethod
    def of(cls, path: Path) -> Table:
        """Return what pyarrow reads of a path."""
        table = pads.dataset(path).to_table()
        integers = tuple(f.name for f in table.schema if pa.types.is_integer(f.type))
        reals = tuple(f.name for f in table.schema if pa.types.is_floating(f.type))
        texts = tuple(f.name for f in table.schema if pa.types.is_string(f.type))
        texts = tuple(one for one in texts if one != "country_iso")
        times = tuple(f.name for f in table.schema if pa.types.is_timestamp(f.type))
        flags = tuple(f.name for f in table.schema if pa.types.is_boolean(f.type))
        present = {one: table[one].drop_null().to_pylist() for one in table.column_names}
        truth = {
            "countries": dict(Counter(present["country_iso"])),
            "integers": {one: str(sum(present[one])) for one in integers},
            "reals": {one: math.fsum(present[one]) for one in reals},
            "texts": {one: sum(len(text.encode()) for text in present[one]) for one in texts},
            "times": {one: str(sum(map(_micros, present[one]))) for one in times},
            "flags": {one: sum(present[one]) for one in flags},
            "missing": {one: table[one].null_count for one in reals + texts + times},
        }
        return cls(path, integers, reals, texts, times, flags, truth)

    @property
    def asked(self) -> tuple[str | tuple[str, ...], ...]:
        """What a program is asked for."""
        return str(self.path), self.integers, self.reals, self.texts, self.times, self.flags

    def is_as(self, found: dict[str, Any]) -> bool:
        """Return whether an engine found the same; sums of real numbers depend on their order."""
        exact = ("countries", "integers", "texts", "times", "flags", "missing")
        return all(found[one] == self.truth[one] for one in exact) and all(
            math.isclose(found["reals"][one], self.truth["reals"][one], rel_tol=1e-12)
            for one in self.reals
        )


def write_files(folder: Path) -> dict[str, Table]:
    """Write every kind of file and return them by name."""
    world, shops = folder / "world", folder / "shops.csv"
    shops.write_text(SHOPS, encoding="utf-8")
    cw.run_world(
        cw.RunConfig(
            out=world,
            countries=COUNTRIES,
            executor="serial",
            merchants=shops,
            cards="FJ=20,NA=30",
            days=2,
            seed=7,
        )
    )
    covered = folder / "covered"
    config = cw.RunConfig(out=covered, countries=COUNTRIES, rule="any_overlap", coverage=True)
    cw.run_world(config, until="tiles")
    folders = {
        f"{name} with coverage" if out is covered and name == TILE_INDEX.name else name: found
        for out in (covered, world)
        for name in DATASETS.keys() - WITHOUT_COUNTRY
        for found in out.glob(f"*/*/{name}")
    }
    without_rows = {
        f"{name} without rows": found / "VA-00000.parquet"
        for name, found in folders.items()
        if found.is_relative_to(world) and (found / "VA-00000.parquet").exists()
    }
    opened = cw.open_world(world)
    points, boxes, wide, gaps, times = (
        folder / f"{name}.parquet" for name in ("points", "boxes", "wide", "gaps", "times")
    )
    opened.sample(country="NA", n=500, seed=1).write(points)
    export_tiles(opened, boxes, "box", ["MT", "LU"])
    wide.write_bytes(_wide_rows())
    gaps.write_bytes(_rows_with_gaps())
    times.write_bytes(_rows_with_times())
    files = {
        "sample": points,
        "export": boxes,
        "a wide country": wide,
        "missing values": gaps,
        "times and flags": times,
    }
    return {name: Table.of(path) for name, path in {**folders, **without_rows, **files}.items()}


def _micros(time: datetime) -> int:
    """Return microseconds since 1970; a time without a zone counts as if it were UTC."""
    return (time.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(
        microseconds=1
    )


def _rows_with_times() -> pa.Buffer:
    """Return rows with times in UTC and without a zone, some missing, and truth values."""
    dataset = Dataset(
        "times",
        (
            Column("country_iso", pa.string(), ""),
            Column("ts_utc", pa.timestamp("us", "UTC"), "", "PLAIN"),
            Column("ts_local", pa.timestamp("us"), "", "PLAIN"),
            Column("reported_ts_utc", pa.timestamp("us", "UTC"), "", "PLAIN", nullable=True),
            Column("is_fraud", pa.bool_(), "", "PLAIN"),
        ),
        key=("ts_utc",),
    )
    n = 40_000
    utc = 1_767_225_600_000_000 + np.arange(n) * 61_000_000
    rows = {
        "country_iso": pa.array(["DE"] * n),
        "ts_utc": pa.array(utc, pa.timestamp("us", "UTC")),
        "ts_local": pa.array(utc + 3_600_000_000, pa.timestamp("us")),
        "reported_ts_utc": pa.array(utc, pa.timestamp("us", "UTC"), mask=np.arange(n) % 7 > 0),
        "is_fraud": pa.array(np.arange(n) % 5 == 0),
    }
    encoder = PartEncoder(dataset)
    encoder.write([pa.record_batch(rows)])
    return encoder.finish()


def _wide_rows() -> pa.Buffer:
    """Return the index of a row of many tiles and a short one below it."""
    grid = cw.Grid(-180.0, 85.0, 360 / 80_000, 170 / 80_000, 80_000, 80_000)
    spans = RowSpans.from_runs(grid, *np.array([[5, 6], [7, 900], [7 + WIDE, 1_000]]))
    group = RowGroup("RU", Tiles.all_of(spans), areas_of([spans], grid))
    writer = part_writer(TILE_INDEX)
    writer.write(group.index(Rule.CENTER))
    return writer.finish()


def _rows_with_gaps() -> pa.Buffer:
    """Return rows whose texts and reals may be missing, in dictionaries and one by one."""
    dataset = Dataset(
        "gaps",
        (
            Column("country_iso", pa.string(), ""),
            Column("number", pa.int64(), "", "PLAIN"),
            Column("name", pa.string(), ""),
            Column("brand", pa.string(), "", nullable=True),
            Column("note", pa.string(), "", "PLAIN", nullable=True),
            Column("floor_m2", pa.float64(), "", nullable=True),
            Column("share", pa.float64(), "", "PLAIN", nullable=True),
        ),
        key=("country_iso", "number"),
    )
    n = 40_000
    texts = [None if k % 3 == 0 else f"Zürich {k}" if k % 5 else "" for k in range(n)]
    reals = [None if k % 7 == 0 else k / 8 for k in range(n)]
    encoder = PartEncoder(dataset)
    # The second row group has nothing in its nullable columns.
    for first, brands, sizes in ((0, texts, reals), (n, [None] * n, [None] * n)):
        rows: dict[str, Any] = {
            "country_iso": pa.array(["DE"] * n).dictionary_encode(),
            "number": pa.array(range(first, first + n), pa.int64()),
            "name": pa.array([f"東京 {k % 1000}" for k in range(n)]).dictionary_encode(),
            "brand": pa.array([one and one[:8] for one in brands], pa.string()),
            "note": pa.array(brands, pa.string()),
            "floor_m2": pa.array(sizes, pa.float64()),
            "share": pa.array(sizes, pa.float64()),
        }
        encoder.write([pa.record_batch(rows)])
    return encoder.finish()
