"""Digests of the values of S2's datasets (docs/decisions/0012-digests.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from closedworld.kernels.digests import digest_of_digests, digest_of_integers, digest_of_text
from closedworld.kernels.tiles import digest_of_ids

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from closedworld.kernels.spans import RowSpans
    from closedworld.kernels.weights.basis import Mixture

BLOCK_TILES = 1 << 22
"""Weights of a country that are digested together; part of the law, whatever the size of a file."""


def weight_values(
    spans: RowSpans,
    mixture: Mixture,
    dp: int,
    blocks: Sequence[bytes],
    run_weights: NDArray[np.uint64],
) -> dict[str, bytes]:
    """Return the digest of a country's rows in each dataset of S2, by name.

    Args:
        spans: All tiles of the country, at least one.
        mixture: What the weights were made from.
        dp: Decimal places.
        blocks: ``digest_of_integers`` of each ``BLOCK_TILES`` of its weights in order.
        run_weights: Sum of the weights of each run, uint64 (runs,).
    """
    weights = (
        digest_of_ids(spans),
        digest_of_text(str(mixture)),
        digest_of_integers(np.array([dp])),
        digest_of_digests(*blocks),
    )
    runs = (
        spans.rows,
        spans.col_starts,
        spans.col_stops - spans.col_starts,
        np.cumsum(run_weights) - run_weights,
    )
    return {
        "tile_weights": digest_of_digests(*weights),
        "span_weights": digest_of_digests(*map(digest_of_integers, runs)),
    }
