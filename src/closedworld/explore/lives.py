"""Purchases for the page: the lives of cards, purchase by purchase."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from closedworld.explore.packing import deltas, packed
from closedworld.explore.points import DEGREES, every_nth, packed_texts, steps
from closedworld.store.reading import Published

MOST_PURCHASES = 300_000
"""Purchases in a page at most, 4 MB."""

OFF_MAP = 180
"""Latitude of a purchase without a place, degrees."""

_COLUMNS = (
    "purchase_id", "ts_utc", "card_id", "merchant_id", "channel", "category", "amount", "currency", "lon", "lat",
)  # fmt: skip
_TEXTS = ("merchant_id", "channel", "category", "currency", "fraud_type", "hard_negative")
_THOUSANDTHS = 1000
_LOW_BITS = 30


def packed_lives(published: Published) -> dict[str, Any]:
    """Return the purchases of all cards, or of every n-th card so that they fit, card by card in the order of time.

    Returns:
        ``owners``: how many cards there are here, and in the dataset; ``names``: ids of those here;
        ``sizes``: purchases of each; ``seconds``: since 1970, ``lons`` and ``lats``, differences each; ``high`` and ``low`` bits of the
        amount in thousandths; ``texts`` as in ``points.packed_homes``.
    """
    table = published.dataset("purchases").to_table(columns=list(_COLUMNS))
    table, chosen, cards = every_nth(table, "card_id", MOST_PURCHASES)
    truth = published.dataset("truth").to_table(
        columns=["purchase_id", "fraud_type", "hard_negative"]
    )
    table = table.join(truth, "purchase_id")
    table = table.sort_by(
        [(name, "ascending") for name in ("card_id", "ts_utc", "purchase_id")]
    ).combine_chunks()
    card = pc.index_in(table["card_id"], chosen).to_numpy()
    seconds = pc.cast(table["ts_utc"], pa.int64()).to_numpy() // 1_000_000
    # Of rials, millions; of dinars, thousandths.
    amounts = np.rint(table["amount"].to_numpy() * _THOUSANDTHS).astype(np.int64)
    return {
        "owners": [len(chosen), cards],
        "names": packed_texts(pa.chunked_array([chosen]))["names"],
        "sizes": packed(np.bincount(card, minlength=len(chosen))),
        "degrees": DEGREES,
        "seconds": packed(deltas(seconds)),
        "lons": packed(deltas(steps(pc.fill_null(table["lon"], 0.0)))),
        "lats": packed(deltas(steps(pc.fill_null(table["lat"], float(OFF_MAP))))),
        "high": packed(amounts >> _LOW_BITS),
        "low": packed(amounts & ((1 << _LOW_BITS) - 1)),
        "texts": {name: packed_texts(table[name]) for name in _TEXTS},
    }
