"""Digests of values, worked out again from what was read (docs/decisions/0012-digests.md).

Nothing here is shared with the code that sealed them. Columns that were found to be those of their grid,
row by row, are taken from it; a country with a finding has no digest.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from closedworld.sanitize import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from closedworld.store.receipt import Receipt
    from closedworld.verification.findings import Account
    from closedworld.verification.runs import IdRuns
    from closedworld.verification.tiles import Borders, Expected, TileParameters

_BLOCK_TILES = 1 << 22


@dataclass(slots=True)
class Values:
    """Digests of the values of one result, country by country.

    Attributes:
        digests: Digest of the rows of a country, by dataset and country.
        unknown: Countries whose tiles could not be read.
    """

    digests: dict[str, dict[str, bytes]] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)

    def tell(self, dataset: str, iso: str, members: Iterable[bytes]) -> None:
        """Note what the values of a country are made of, if nothing is wrong with them."""
        self.digests.setdefault(dataset, {})[iso] = _of(b"".join(members))

    def compare(self, receipt: Receipt, account: Account) -> None:
        """Find digests of the receipt that are not those of the values; after all other checks."""
        wrong = {finding.dataset for finding in account.findings()}
        for dataset, said in receipt.values.items():
            if dataset in wrong or self.unknown:
                account.unchecked("digests of values", f"rows of {quoted(dataset)} are not sound")
                continue
            own = self.digests.get(dataset, {})
            lines = [
                f"closedworld values 1 {dataset}",
                *(f"{i} {own[i].hex()}" for i in sorted(own)),
            ]
            digest = _of("".join(f"{line}\n" for line in lines).encode()).hex()
            if digest != said:
                account.find(
                    "values-digest",
                    f"the values have digest {digest}; the receipt says {quoted(said)}.",
                    dataset=dataset,
                )
            account.checked("digests of values", 1, "datasets")
        for dataset in sorted(set(receipt.datasets()) - set(receipt.values)):
            account.find("values-digest", "the receipt has no digest of its values.", dataset)


class WeightBlocks:
    """Digests of weights as they pass."""

    def __init__(self) -> None:
        self._done: list[bytes] = []
        self._now = hashlib.sha256()
        self._left = _BLOCK_TILES

    def add(self, weights: NDArray[np.uint64]) -> None:
        """Take the next weights."""
        while len(weights) >= self._left:
            self._now.update(weights[: self._left].astype("<u8").data)
            weights = weights[self._left :]
            self._done.append(self._now.digest())
            self._now, self._left = hashlib.sha256(), _BLOCK_TILES
        self._now.update(weights.astype("<u8").data)
        self._left -= len(weights)

    def finish(self) -> bytes:
        """Return the digest of all that were taken."""
        last = [self._now.digest()] if self._left < _BLOCK_TILES else []
        return _of(b"".join([*self._done, *last]))


def tile_values(
    iso: str,
    runs: IdRuns,
    borders: Borders,
    expected: Expected,
    said: TileParameters,
    values: Values,
) -> None:
    """Note the digests of a country's tiles, all of them known to lie where the grid has them."""
    n_cols = expected.grid.n_cols
    if runs.stops.max(initial=0) > expected.grid.n_tiles:
        values.unknown.add(iso)
        return
    by_row = runs.by_row(n_cols)
    rows, starts = by_row.starts // n_cols, by_row.starts % n_cols
    stops = starts + (by_row.stops - by_row.starts)
    row, col = np.unique(rows), _cols(starts, stops)
    ids = ids_of(runs)
    coverage = (_integers(borders.tile_ids), _reals(borders.coverage)) if said.has_coverage else ()
    values.tell(
        "tile_index",
        iso,
        (
            _of(said.rule.encode()),
            ids,
            _integers(row),
            _integers(row * n_cols),
            _reals(expected.lat_centers[row]),
            _reals(expected.areas_m2[row]),
            _integers(col),
            _reals(expected.lon_centers[col]),
            *coverage,
        ),
    )
    values.tell(
        "tile_bounds",
        iso,
        (
            ids,
            _integers(row),
            _reals(expected.lat_edges[1:][row]),
            _reals(expected.lat_edges[row]),
            _integers(col),
            _reals(expected.lon_edges[col]),
            _reals(expected.lon_edges[1:][col]),
        ),
    )
    ranks = np.cumsum(stops - starts) - (stops - starts)
    values.tell("tile_spans", iso, map(_integers, (rows, starts, stops, ranks)))
    if len(borders.tile_ids):
        values.tell("tile_coverage", iso, coverage)


def weight_values(
    iso: str,
    runs: IdRuns,
    basis: str,
    dp: int,
    weights: bytes,
    spans: Mapping[str, NDArray[Any]] | None,
    values: Values,
) -> None:
    """Note the digests of a country's weights, and of their sums by run."""
    parts = (ids_of(runs), _of(basis.encode()), _integers(np.array([dp])), weights)
    values.tell("tile_weights", iso, parts)
    if spans is not None:
        columns = ("raster_row", "col_start", "tiles", "weight_before")
        values.tell("span_weights", iso, (_integers(spans[name]) for name in columns))


def ids_of(runs: IdRuns) -> bytes:
    """Return the digest of a set of ids."""
    return _of(_integers(runs.starts) + _integers(runs.stops))


def _cols(starts: NDArray[np.int64], stops: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return every column that a run covers, once, ascending."""
    steps = np.zeros(int(stops.max(initial=0)) + 1, np.int64)
    np.add.at(steps, starts, 1)
    np.add.at(steps, stops, -1)
    return np.flatnonzero(np.cumsum(steps) > 0)


def _integers(values: NDArray[Any]) -> bytes:
    return _of(np.ascontiguousarray(values, "<u8").tobytes())


def _reals(values: NDArray[Any]) -> bytes:
    # Adding 0 turns -0 into 0.
    return _of((np.ascontiguousarray(values, "<f8") + 0.0).tobytes())


def _of(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
