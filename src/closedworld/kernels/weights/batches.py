"""Rows of ``tile_weights`` and ``span_weights``, and the digest of the values of the former."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from closedworld.kernels.digests import digest_of_digests, digest_of_integers, digest_of_text
from closedworld.kernels.parquet import Chunk, constant, plain
from closedworld.kernels.spans import RowSpans
from closedworld.kernels.tiles import Tiles, constant_column, digest_of_ids, id_column
from closedworld.kernels.weights.basis import Mixture

BLOCK_TILES = 1 << 22
"""Weights of a country that are digested together; part of the law, whatever the size of a file."""

_ZSTD_LEVEL = -2
"""Below 0 zstd leaves out entropy coding: of weights that vary from tile to tile, the files are smaller and take two
thirds of the time to write and 0.6 of it to read."""


def weight_chunks(
    country_iso: str,
    tiles: Tiles,
    weights: NDArray[np.uint64],
    dp: int,
    mixture: Mixture,
) -> dict[str, Chunk]:
    """Return the columns of a row group of ``tile_weights`` by name: a row per tile, in tile_id order.

    Args:
        country_iso: ISO 3166-1 alpha-2 code.
        tiles: A range of the country's tiles.
        weights: Their weights, uint64 (tiles,), in units of ``10**-dp`` of the country.
        dp: Decimal places.
        mixture: What the weights were made from.
    """
    rows = len(weights)
    return {
        "country_iso": constant(country_iso, rows),
        "tile_id": id_column(tiles),
        "weight_fp": plain(weights.view(np.int64), _ZSTD_LEVEL),
        "dp": constant(np.int32(dp), rows),
        "basis": constant(str(mixture), rows),
    }


def span_weights_batch(
    country_iso: str, spans: RowSpans, run_weights: NDArray[np.uint64]
) -> pa.RecordBatch:
    """Return rows of ``span_weights``: one per run of the country, in tile_id order.

    Args:
        country_iso: ISO 3166-1 alpha-2 code.
        spans: All tiles of the country.
        run_weights: Sum of the weights of each run, uint64 (runs,).
    """
    return pa.RecordBatch.from_pydict(
        {
            "country_iso": constant_column(country_iso, spans.n_runs),
            "raster_row": spans.rows.astype(np.int32),
            "col_start": spans.col_starts.astype(np.int32),
            "tiles": (spans.col_stops - spans.col_starts).astype(np.int32),
            "weight_before": (np.cumsum(run_weights) - run_weights).view(np.int64),
        }
    )


def weight_digest(spans: RowSpans, mixture: Mixture, dp: int, blocks: Sequence[bytes]) -> bytes:
    """Return the digest of a country's rows in ``tile_weights`` (docs/decisions/0012-digests.md).

    Args:
        spans: All tiles of the country, at least one.
        mixture: What the weights were made from.
        dp: Decimal places.
        blocks: ``digest_of_integers`` of each ``BLOCK_TILES`` of its weights in order.
    """
    return digest_of_digests(
        digest_of_ids(spans),
        digest_of_text(str(mixture)),
        digest_of_integers(np.array([dp])),
        digest_of_digests(*blocks),
    )
