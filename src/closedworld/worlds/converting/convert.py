"""Writing purchases as files of other generators."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from closedworld.config.options import refuse_file_name
from closedworld.errors import ConfigError, InputError
from closedworld.inputs.tables.geometry import to_pandas
from closedworld.sanitize import listed, quoted
from closedworld.store.atomic import require_suffix, whole_folder
from closedworld.worlds.converting.layouts import LAYOUTS, Layout
from closedworld.worlds.converting.own_purchases import OwnPurchases
from closedworld.worlds.converting.table_files import write_tables

_DAY_SECONDS = 86_400
_OLD_PROTOCOL = 4
_LABELS = ("Is Fraud?", "is_fraud", "TX_FRAUD")
_YES = pa.array(["1", "Yes"])


@dataclass(frozen=True, slots=True)
class Converted:
    """Files that were written.

    Attributes:
        files: Their paths.
        purchases: Rows in all of them.
        frauds: Those labelled as fraud.
    """

    files: tuple[Path, ...]
    purchases: int
    frauds: int


def convert(path: Path | str, layout: str, out: Path | str) -> Converted:
    """Write closedworld's purchases in the files, columns, types and orders of another generator.

    Read batch by batch; ``tabformer``, which is sorted by card, holds all rows in memory.

    Args:
        path: A result with purchases, or a folder with files or folders ``purchases``, ``truth``, ``cards`` and
            ``sites`` of its datasets.
        layout: ``sparkov``, ``handbook``, ``tabformer`` or ``synccfd``.
        out: File to write, .csv (``synccfd`` also .parquet); of ``handbook`` a folder, which is new or empty and not
            named like a file.

    Raises:
        ConfigError: ``convert-layout``, ``output-format``, ``output-not-empty``, ``pandas-missing`` (``handbook``),
            ``index-missing``, or as ``find_published``.
        InputError: ``table-column``, ``input-missing``, ``input-unreadable``, ``purchases-none``.
        PublishError: ``output-not-writable``.
    """
    if layout not in LAYOUTS:
        raise ConfigError(
            "convert-layout",
            f"there is no layout {quoted(layout)}.",
            f"Choose one of {listed(tuple(LAYOUTS))}.",
        )
    form, out = LAYOUTS[layout], Path(out)
    if form.suffixes:
        require_suffix(out, form.suffixes)
    else:
        _require_new_folder(out)
    rows = _rows(OwnPurchases.open(Path(path)), form)
    if form.sorted_by:
        rows = iter([_sorted(rows, form)])
    tally = _Tally()
    counted = tally.count(rows)
    if form.suffixes:
        write_tables(out, counted)
    files = (out,) if form.suffixes else _write_days(counted, out)
    return Converted(files, tally.purchases, tally.frauds)


def _require_new_folder(out: Path) -> None:
    """Refuse a name for the folder of days that is taken, or that looks like a file's.

    Raises:
        ConfigError: ``output-format``, ``output-not-empty``.
    """
    refuse_file_name(out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigError(
            "output-not-empty",
            f"{out} is not an empty folder, and days of other purchases would be read with these.",
            "Name a new folder.",
        )


@dataclass(slots=True)
class _Tally:
    """Counts rows on their way."""

    purchases: int = 0
    frauds: int = 0

    def count(self, rows: Iterator[pa.Table]) -> Iterator[pa.Table]:
        """Yield the same tables, each counted by whichever column its layout labels fraud with."""
        for table in rows:
            label = next(table[name] for name in _LABELS if name in table.column_names)
            self.purchases += table.num_rows
            self.frauds += int(pc.sum(pc.is_in(label.cast(pa.string()), _YES)).as_py() or 0)
            yield table


def _rows(own: OwnPurchases, form: Layout) -> Iterator[pa.Table]:
    first_day = None
    for batch in own.batches():
        if first_day is None:
            earliest = batch.table["ts_utc"].cast(pa.timestamp("s", "UTC"), safe=False)
            seconds = int(pc.min(earliest.cast(pa.int64())).as_py())
            first_day = seconds // _DAY_SECONDS * _DAY_SECONDS
        yield form.rows(batch, first_day)
    if first_day is None:
        raise InputError(
            "purchases-none",
            f"{own.stream.name} has no purchases.",
            "Give a result that has some.",
        )


def _sorted(rows: Iterator[pa.Table], form: Layout) -> pa.Table:
    table = pa.concat_tables(rows)
    # Not every sort of Arrow keeps the order of equal rows, so their number decides last.
    keys = [(name, "ascending") for name in (*form.sorted_by, "row")]
    numbered = table.append_column("row", pa.array(np.arange(table.num_rows)))
    return table.take(pc.sort_indices(numbered, sort_keys=keys))


def _write_days(rows: Iterator[pa.Table], out: Path) -> tuple[Path, ...]:
    """Write a pickle for each day that has purchases; rows come in the order of time."""
    names: list[str] = []
    held: list[pa.Table] = []
    with whole_folder(out) as staged:

        def finish() -> None:
            table = pa.concat_tables(held)
            day = pc.strftime(table["TX_DATETIME"][0], format="%Y-%m-%d").as_py()
            names.append(f"{day}.pkl")
            frame = to_pandas(table)
            # The Handbook needs pandas 1; of newer versions, it reads neither columns of text nor arrays of protocol 5.
            frame.columns = frame.columns.astype(object)
            frame.to_pickle(staged / names[-1], protocol=_OLD_PROTOCOL)

        for table in rows:
            days = table["TX_TIME_DAYS"].to_numpy()
            for day in np.unique(days).tolist():
                if held and held[-1]["TX_TIME_DAYS"][0].as_py() != day:
                    finish()
                    held.clear()
                held.append(table.filter(pa.array(days == day)))
        if held:
            finish()
    return tuple(out / name for name in names)
