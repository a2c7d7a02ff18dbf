"""Digests of values, recomputed from the rows (docs/decisions/0012-digests.md).

Nothing here is shared with the code that sealed them. Columns that were found to be those of their grid,
row by row, are taken from it; a dataset with a finding has no digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from closedworld.datasets import Dataset
from closedworld.sanitize import quoted
from closedworld.store.receipt import Receipt
from closedworld.verification.country_files import CountryFiles
from closedworld.verification.findings import Findings
from closedworld.verification.grid_columns import BorderTiles, GridColumns
from closedworld.verification.id_runs import IdRuns

_BLOCK_TILES = 1 << 22


@dataclass(slots=True)
class ValueDigests:
    """Digests of the values of one result, country by country.

    Attributes:
        by_dataset: Digest of the rows of a country, by dataset and country.
        unknown: Countries that could not be read whole, so that their digests are not known.
    """

    by_dataset: dict[str, dict[str, bytes]] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)

    def add(self, files: CountryFiles, rows: int, digest: bytes | None) -> None:
        """Add the digest of a country's rows, if there are any; rows without one have a finding of their own."""
        if rows and digest is not None:
            self.by_dataset.setdefault(files.dataset.name, {})[files.country_iso] = digest

    def compare(self, receipt: Receipt, findings: Findings) -> None:
        """Find digests of the receipt that are not those of the values; after all other checks."""
        wrong = {finding.dataset for finding in findings.to_list()}
        for dataset, stated in receipt.values.items():
            if dataset in wrong or self.unknown:
                reason = f"rows of {quoted(dataset)} are not sound"
                findings.add_unchecked("digests of values", reason)
                continue
            digest = digest_of_dataset(dataset, self.by_dataset.get(dataset, {}))
            if digest != stated:
                findings.add(
                    "values-digest",
                    f"the values have digest {digest}; the receipt says {quoted(stated)}.",
                    dataset,
                )
            findings.add_check("digests of values", 1, "datasets")
        for dataset in sorted(set(receipt.datasets()) - set(receipt.values)):
            findings.add("values-digest", "the receipt has no digest of its values.", dataset)


class WeightBlocks:
    """Digests of weights as they pass, in blocks."""

    def __init__(self) -> None:
        self._done: list[bytes] = []
        self._now = hashlib.sha256()
        self._left = _BLOCK_TILES

    def add(self, weights: NDArray[np.uint64]) -> None:
        """Add the next weights."""
        while len(weights) >= self._left:
            self._now.update(weights[: self._left].astype("<u8").data)
            weights = weights[self._left :]
            self._done.append(self._now.digest())
            self._now, self._left = hashlib.sha256(), _BLOCK_TILES
        self._now.update(weights.astype("<u8").data)
        self._left -= len(weights)

    def finish(self) -> bytes:
        """Return the digest of all weights that were added."""
        last = [self._now.digest()] if self._left < _BLOCK_TILES else []
        return _of(*self._done, *last)


def digest_of_dataset(name: str, digests: Mapping[str, bytes]) -> str:
    """Return the digest of a dataset from those of its countries, lower-case hex."""
    text = f"closedworld values 1 {name}\n"
    text += "".join(f"{iso} {digests[iso].hex()}\n" for iso in sorted(digests))
    return hashlib.sha256(text.encode()).hexdigest()


def digest_of_columns(rows: pa.RecordBatch, dataset: Dataset) -> bytes:
    """Return the digest of rows with every column but the partition's listed."""
    fields = [field for field in dataset.schema if field.name != dataset.partition]
    return _of(*(_of_column(rows[field.name], field) for field in fields))


def _of_column(values: pa.Array, field: pa.Field) -> bytes:
    present = values.drop_null()
    if pa.types.is_string(field.type):
        texts = [text.encode() for text in present.to_pylist()]
        digest = _of(_of_numbers(np.array([len(text) for text in texts], np.int64)), _of(*texts))
    elif pa.types.is_timestamp(field.type):
        digest = _of_numbers(present.view(pa.int64()).to_numpy())
    else:
        digest = _of_numbers(present.to_numpy(zero_copy_only=False))
    if not field.nullable:
        return digest
    return _of(_of_numbers(np.array(values.is_valid().to_pylist(), np.int64)), digest)


def digest_of_tiles(
    names: Sequence[str], ids: IdRuns, columns: GridColumns, rule: str, borders: BorderTiles
) -> bytes | None:
    """Return the digest of tiles whose columns are those of the grid; None for tiles off the grid.

    Args:
        names: Columns of the dataset, tile_index or tile_bounds.
        ids: The tiles.
        columns: What the columns hold on the grid.
        rule: Inclusion rule.
        borders: Tiles that are not wholly inside.
    """
    n_cols = columns.grid.n_cols
    if ids.stops.max(initial=0) > columns.grid.n_tiles:
        return None
    runs = ids.by_row(n_cols)
    rows, cols = np.unique(runs.starts // n_cols), _cols(runs, n_cols)
    by_row: list[NDArray[Any]] = [rows * n_cols] if "raster_row" in names else []
    by_row += [table[rows] for name, table in columns.by_row.items() if name in names]
    by_col = [table[cols] for name, table in columns.by_col.items() if name in names]
    coverage = [borders.tile_ids, borders.coverage] if "coverage" in names else []
    return _of(
        *([_of(rule.encode())] if "inclusion_rule" in names else []),
        digest_of_ids(ids),
        *map(_of_numbers, [rows, *by_row, cols, *by_col, *coverage]),
    )


def digest_of_weights(ids: IdRuns, basis: str, dp: int, weights: WeightBlocks) -> bytes:
    """Return the digest of a country's weights."""
    parts = digest_of_ids(ids), _of(basis.encode()), _of_numbers(np.array([dp])), weights.finish()
    return _of(*parts)


def digest_of_ids(ids: IdRuns) -> bytes:
    """Return the digest of a set of ids."""
    return _of(_of_numbers(ids.starts), _of_numbers(ids.stops))


def _cols(runs: IdRuns, n_cols: int) -> NDArray[np.int64]:
    """Return every raster column that a run in one row covers, once, ascending."""
    starts = runs.starts % n_cols
    steps = np.zeros(n_cols + 1, np.int64)
    np.add.at(steps, starts, 1)
    np.add.at(steps, starts + (runs.stops - runs.starts), -1)
    return np.flatnonzero(np.cumsum(steps) > 0)


def _of_numbers(values: NDArray[Any]) -> bytes:
    """Return the digest of integers, or of reals with -0 counted as 0."""
    if values.dtype.kind == "f":
        return _of((np.ascontiguousarray(values, "<f8") + 0.0).tobytes())
    return _of(np.ascontiguousarray(values, "<u8").tobytes())


def _of(*contents: bytes) -> bytes:
    return hashlib.sha256(b"".join(contents)).digest()
