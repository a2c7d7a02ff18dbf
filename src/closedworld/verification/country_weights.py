"""The weights of a country: tile_weights and span_weights against receipt, index and each other."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from closedworld.datasets.parameters import WeightParameters
from closedworld.verification.country_files import CountryFiles
from closedworld.verification.country_masses import exact_sum
from closedworld.verification.findings import Findings
from closedworld.verification.id_runs import IdRuns
from closedworld.verification.row_checks import RowChecks, column
from closedworld.verification.value_digests import (
    ValueDigests,
    WeightBlocks,
    digest_of_columns,
    digest_of_weights,
)

_UINT64 = 1 << 64


@dataclass(frozen=True, slots=True, eq=False)
class CountryWeights:
    """What was learned about a country's weights.

    Attributes:
        tiles: Tiles with a weight.
        zero_tiles: Those of weight 0.
        largest: The largest weight.
        is_sound: Whether they can be compared with masses: exactly the tiles of the index, in order.
    """

    tiles: int
    zero_tiles: int
    largest: int
    is_sound: bool


class _SumsBefore:
    """Sums of weights before certain ranks, taken as the weights pass.

    Args:
        ranks: Ascending, int64 (n,).
    """

    def __init__(self, ranks: NDArray[np.int64]) -> None:
        self._ranks = ranks
        self.tiles = 0
        self.sums = np.zeros(len(ranks), np.uint64)
        self.total = 0

    def add(self, weights: NDArray[np.uint64]) -> None:
        """Add the next weights."""
        stop = self.tiles + len(weights)
        first, last = np.searchsorted(self._ranks, (self.tiles, stop))
        before = np.cumsum(weights) - weights + np.uint64(self.total % _UINT64)
        self.sums[first:last] = before[self._ranks[first:last] - self.tiles]
        self.tiles = stop
        self.total += exact_sum(weights)


@dataclass(slots=True, eq=False)
class CountryWeightChecks:
    """Checks the weights of one country after another, their masses left aside.

    Attributes:
        parameters: The receipt's parameters.
        n_cols: Columns of the grid; 0 without an index.
        findings: Where findings go.
        digests: Where digests of values go.
    """

    parameters: WeightParameters
    n_cols: int
    findings: Findings
    digests: ValueDigests = field(default_factory=ValueDigests)

    def check(
        self, weights: CountryFiles, spans: CountryFiles | None, index: IdRuns | None
    ) -> CountryWeights:
        """Check the weights of a country.

        Args:
            weights: Files of tile_weights.
            spans: Files of span_weights, when there are any.
            index: The country's tiles; None when they are not known.
        """
        span_checks = None if spans is None else RowChecks(spans)
        runs = None if span_checks is None else span_checks.whole()
        lengths = np.empty(0, np.int64) if runs is None else column(runs, "tiles").astype(np.int64)
        before, blocks, zero_tiles = _SumsBefore(np.cumsum(lengths) - lengths), WeightBlocks(), 0
        largest, dp, basis = 0, self.parameters.dp, self.parameters.basis
        checks = RowChecks(weights, {"dp": dp, "basis": basis})
        for batch in checks.batches():
            weight_fp = column(batch, "weight_fp")
            zero_tiles += len(weight_fp) - int(np.count_nonzero(weight_fp))
            largest = max(largest, int(weight_fp.max(initial=0)))
            before.add(weight_fp)
            blocks.add(weight_fp)
        tiles, ids = before.tiles, checks.ids.finish()
        self.findings.add_check("tile_weights: order, dp, basis, sum of a country", tiles, "tiles")
        if not weights.is_whole:
            what, reason = "sum and tiles of weights", "tile_weights cannot be read whole"
            self.findings.add_unchecked(what, reason, weights.country_iso)
            self.digests.unknown.add(weights.country_iso)
            return CountryWeights(tiles, zero_tiles, largest, is_sound=False)
        if tiles and before.total != 10**dp:
            weights.add("weight-sum", f"the weights add up to {before.total}, not to {10**dp}.")
        if index is not None:
            checks.expect_same_tiles(ids, index, self.n_cols)
        self.digests.add(weights, tiles, digest_of_weights(ids, basis, dp, blocks))
        if span_checks is not None and runs is not None and span_checks.files.is_whole:
            self._check_spans(span_checks, runs, before, index)
            self.findings.add_check("span_weights: runs, sums before them", len(lengths), "runs")
        wrong = ("order", "tile-twice", "tile-missing", "tile-extra")
        is_sound = not any(map(weights.has, wrong))
        return CountryWeights(tiles, zero_tiles, largest, is_sound=is_sound)

    def _check_spans(
        self, checks: RowChecks, runs: pa.RecordBatch, before: _SumsBefore, index: IdRuns | None
    ) -> None:
        rows, starts, lengths = (
            column(runs, name).astype(np.int64) for name in ("raster_row", "col_start", "tiles")
        )
        if lengths.sum() != before.tiles:
            message = f"the runs have {lengths.sum():,} tiles, tile_weights {before.tiles:,}."
            checks.files.add("span-tiles", message)
        if index is not None:
            true = index.by_row(self.n_cols)
            if len(rows) != len(true.starts):
                message = f"{len(rows):,} runs; the tiles of tile_index make {len(true.starts):,}."
                checks.files.add("span-runs", message)
            else:
                is_run = rows * self.n_cols + starts == true.starts
                is_run &= (starts < self.n_cols) & (lengths == true.stops - true.starts)
                checks.files.add_rows(runs, ~is_run, "span-runs", "not the run of tile_index.")
        message = "weight_before is not the sum of the weights before the run."
        wrong = column(runs, "weight_before") != before.sums
        checks.files.add_rows(runs, wrong, "weight-before", message)
        self.digests.add(checks.files, len(rows), digest_of_columns(runs, checks.files.dataset))
