"""Record batches of ``tile_spans`` and ``tile_coverage``."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from closedworld.kernels.spans import Border, RowSpans


def constant_column(value: str, length: int) -> pa.DictionaryArray:
    """Return a text repeated ``length`` times as a dictionary array."""
    zeros = pa.array(np.zeros(length, np.int8))
    return pa.DictionaryArray.from_arrays(zeros, pa.array([value]), safe=False)


def coverage_batch(country_iso: str, spans: RowSpans, border: Border) -> pa.RecordBatch:
    """Return rows of ``tile_coverage``: one per tile that is not wholly in the country.

    Args:
        country_iso: ISO 3166-1 alpha-2 code.
        spans: All tiles of the country.
        border: Which of them.
    """
    return pa.RecordBatch.from_pydict(
        {
            "country_iso": constant_column(country_iso, len(border.ranks)),
            "tile_id": spans.tiles_at(border.ranks).view(np.int64),
            "coverage": border.coverage,
        }
    )


def spans_batch(country_iso: str, spans: RowSpans) -> pa.RecordBatch:
    """Return rows of ``tile_spans``: one per run of the country."""
    return pa.RecordBatch.from_pydict(
        {
            "country_iso": constant_column(country_iso, spans.n_runs),
            "raster_row": spans.rows.astype(np.int32),
            "col_start": spans.col_starts.astype(np.int32),
            "col_stop": spans.col_stops.astype(np.int32),
            "first_rank": spans.first_ranks,
        }
    )
