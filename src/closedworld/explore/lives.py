"""Purchases for the page: the lives of cards, purchase by purchase."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from closedworld.explore.packing import packed_numbers, packed_texts
from closedworld.explore.points import PER_DEGREE, every_nth
from closedworld.sanitize import one_line
from closedworld.store.reading import Published

MOST_PURCHASES = 300_000
"""Purchases in a page at most, 4 MB."""

OFF_MAP = 180
"""Latitude of a purchase without a place, degrees."""

_COLUMNS = (
    "purchase_id", "ts_utc", "card_id", "merchant_id", "channel", "category", "amount", "currency", "lon", "lat",
)  # fmt: skip
_TEXTS = {
    "merchant_id": "Merchant", "category": "Category", "channel": "Channel", "currency": "",
    "fraud_type": "Fraud", "hard_negative": "Legitimate, but",
}  # fmt: skip
_THOUSANDTHS = 1000
_LOW_BITS = 30


def packed_lives(published: Published) -> dict[str, Any]:
    """Return the purchases of all cards, or of every n-th card so that they fit, card by card in the order of time.

    Returns:
        ``owners``: how many cards there are here, and in the dataset; ``names``: ids of those here; ``columns``: ``card``, a
        number; ``second`` since 1970; coordinates; ``high`` and ``low`` bits of the amount in thousandths; texts.
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
    points = {
        "lon": pc.fill_null(table["lon"], 0.0),
        "lat": pc.fill_null(table["lat"], float(OFF_MAP)),
    }
    return {
        "owners": [len(chosen), cards],
        "names": [one_line(name) for name in chosen.to_pylist()],
        "columns": {
            "card": packed_numbers(card),
            "second": packed_numbers(seconds),
            "high": packed_numbers(amounts >> _LOW_BITS),
            "low": packed_numbers(amounts & ((1 << _LOW_BITS) - 1)),
            **{
                name: packed_numbers(own.to_numpy(), per=PER_DEGREE) for name, own in points.items()
            },
            **{name: packed_texts(table[name], label=label) for name, label in _TEXTS.items()},
        },
    }
