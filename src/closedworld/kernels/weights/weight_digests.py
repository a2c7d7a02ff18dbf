"""Digest of the values of ``tile_weights`` (docs/decisions/0012-digests.md)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from closedworld.kernels.digests import digest_of_digests, digest_of_integers, digest_of_text
from closedworld.kernels.spans import RowSpans
from closedworld.kernels.tiles import digest_of_ids
from closedworld.kernels.weights.basis import Mixture

BLOCK_TILES = 1 << 22
"""Weights of a country that are digested together; part of the law, whatever the size of a file."""


def weight_digest(spans: RowSpans, mixture: Mixture, dp: int, blocks: Sequence[bytes]) -> bytes:
    """Return the digest of a country's rows in ``tile_weights``.

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
