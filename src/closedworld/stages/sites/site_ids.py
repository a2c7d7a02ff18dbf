"""Ids of sites: they follow from merchant, country and number alone (docs/decisions/0027-sites.md)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_DIGEST_BYTES = 8


def site_ids(
    country_iso: str,
    merchant_ids: Sequence[str],
    merchant: NDArray[np.int64],
    orders: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return the id of each site: the upper 63 bits of BLAKE2b-64 of country, merchant and number.

    Args:
        country_iso: ISO 3166-1 alpha-2 code.
        merchant_ids: Merchants.
        merchant: Position of each site's merchant among these, int64 (n,).
        orders: Number of each site among those of its merchant, from 1, int64 (n,).
    """
    common = [
        hashlib.blake2b(f"{country_iso}\n{one}\n".encode(), digest_size=_DIGEST_BYTES)
        for one in merchant_ids
    ]
    digests = bytearray()
    for position, order in zip(merchant.tolist(), orders.tolist(), strict=True):
        own = common[position].copy()
        own.update(b"%d" % order)
        digests += own.digest()
    numbers = np.frombuffer(bytes(digests), ">u8") >> np.uint64(1)
    return numbers.astype(np.int64)
