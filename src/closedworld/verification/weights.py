"""S2: tile_weights and span_weights against receipt, index and each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from closedworld.verification.masses import whole_sum
from closedworld.verification.rows import RowChecks, column
from closedworld.verification.spans import expect_ascending, note, read_columns
from closedworld.verification.values import Values, WeightBlocks, weight_values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from closedworld.verification.files import Parts
    from closedworld.verification.findings import Account
    from closedworld.verification.runs import IdRuns

WEIGHT_DATASETS = ("tile_weights", "span_weights")

_MAX_DP = 18
_UINT64 = 1 << 64


@dataclass(frozen=True, slots=True)
class WeightParameters:
    """What a receipt says of weights.

    Attributes:
        tiles_parameter_hash: The index that they belong to.
        basis: Text of the basis, one name or a canonical mixture.
        bases: The bases with their ratio.
        dp: Decimal places.
        weigh_by_coverage: Whether masses are multiplied by coverage.
        raster_sha256: Digest of the raster; None when none is needed.
    """

    tiles_parameter_hash: str
    basis: str
    bases: Mapping[str, int]
    dp: int
    weigh_by_coverage: bool
    raster_sha256: str | None

    def __post_init__(self) -> None:
        """Refuse what no weights can have."""
        if not 0 <= self.dp <= _MAX_DP:
            raise ValueError(f"dp is {self.dp}; it must be 0 to {_MAX_DP}")


@dataclass(frozen=True, slots=True, eq=False)
class CountryWeights:
    """What became of a country's weights.

    Attributes:
        tiles: Tiles with a weight.
        zero_tiles: Those of weight 0.
        is_sound: Whether they can be compared with masses: exactly the tiles of the index, in order.
    """

    tiles: int
    zero_tiles: int
    is_sound: bool


class _Before:
    """Sums of weights before certain ranks, taken as the weights pass.

    Args:
        ranks: Ascending, int64 (n,).
    """

    def __init__(self, ranks: NDArray[np.int64]) -> None:
        self._ranks = ranks
        self._rank = 0
        self.sums = np.zeros(len(ranks), np.uint64)
        self.total = 0

    def add(self, weights: NDArray[np.uint64]) -> None:
        """Take the next weights."""
        stop = self._rank + len(weights)
        first, last = np.searchsorted(self._ranks, (self._rank, stop))
        before = np.cumsum(weights) - weights + np.uint64(self.total % _UINT64)
        self.sums[first:last] = before[self._ranks[first:last] - self._rank]
        self._rank = stop
        self.total += whole_sum(weights)


def check_country_weights(
    weights: Parts,
    spans: Parts | None,
    index: tuple[IdRuns, int] | None,
    said: WeightParameters,
    account: Account,
    values: Values,
) -> CountryWeights:
    """Check the weights of a country, mass left aside.

    Args:
        weights: Files of tile_weights.
        spans: Files of span_weights, when there are any.
        index: The country's tiles and the columns of the grid; None when they are not known.
        said: The receipt's parameters.
        account: Where findings go.
        values: Where digests go.
    """
    iso = weights.country_iso
    span_checks = None if spans is None else RowChecks(account, spans)
    runs = None if span_checks is None else read_columns(span_checks)
    lengths = np.empty(0, np.int64) if runs is None else runs["tiles"].astype(np.int64)
    before = _Before(np.cumsum(lengths) - lengths)
    checks, zero_tiles, blocks = RowChecks(account, weights), 0, WeightBlocks()
    for batch in checks.batches(weights.schema.names):
        checks.expect_order(batch)
        checks.expect(batch, column(batch, "dp") == said.dp, "dp", f"dp is {said.dp}.")
        checks.expect_text(batch, "basis", said.basis, "basis", f"the basis is {said.basis}.")
        weighed = column(batch, "weight_fp")
        zero_tiles += len(weighed) - int(np.count_nonzero(weighed))
        before.add(weighed)
        blocks.add(weighed)
    tiles = checks.ids.tiles
    account.checked("tile_weights: order, dp, basis, sum of a country", tiles, "tiles")
    if not weights.is_whole:
        account.unchecked("sum and tiles of weights", "tile_weights cannot be read whole", iso)
        values.unknown.add(iso)
        return CountryWeights(tiles, zero_tiles, is_sound=False)
    if before.total != 10**said.dp:
        account.find(
            "weight-sum",
            f"the weights add up to {before.total}, not to {10**said.dp}.",
            dataset=weights.dataset,
            country_iso=iso,
        )
    own = checks.ids.finish()
    if index is not None:
        checks.expect_same_tiles(own, *index)
    if span_checks is not None and runs is not None and span_checks.parts.is_whole:
        _check_span_weights(span_checks, runs, before, index, tiles)
        account.checked("span_weights: runs, sums before them", len(lengths), "runs")
    weight_values(iso, own, said.basis, said.dp, blocks.finish(), runs, values)
    wrong = {"order", "tile-twice", "tile-missing", "tile-extra"}
    is_sound = not any(account.found(code, weights.dataset, iso) for code in wrong)
    return CountryWeights(tiles, zero_tiles, is_sound=is_sound)


def _check_span_weights(
    checks: RowChecks,
    runs: dict[str, NDArray[Any]],
    before: _Before,
    index: tuple[IdRuns, int] | None,
    tiles: int,
) -> None:
    """Note runs that are not those of the index, and sums that are not those of the weights."""
    rows, starts = (runs[name].astype(np.int64) for name in ("raster_row", "col_start"))
    expect_ascending(checks, runs, rows, starts)
    place = checks.parts.dataset, checks.parts.country_iso
    counted = int(runs["tiles"].sum(dtype=np.uint64))
    if counted != tiles:
        message = f"the runs have {counted:,} tiles, tile_weights {tiles:,}."
        checks.account.find("span-tiles", message, *place)
    if index is not None:
        true, n_cols = index[0].by_row(index[1]), index[1]
        columns = (
            (rows, true.starts // n_cols),
            (starts, true.starts % n_cols),
            (runs["tiles"].astype(np.int64), true.stops - true.starts),
        )
        if len(rows) != len(true.starts):
            message = f"{len(rows):,} runs; the tiles of tile_index make {len(true.starts):,}."
            checks.account.find("span-runs", message, *place)
        else:
            differs = np.logical_or.reduce([found != known for found, known in columns])
            note(checks, runs, differs, "span-runs", "not the run of tile_index.")
    note(
        checks,
        runs,
        runs["weight_before"] != before.sums,
        "weight-before",
        "weight_before is not the sum of the weights before the run.",
    )
