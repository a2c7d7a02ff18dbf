"""Areas under ROC curves, exact, in one walk over the purchases that are not fraud."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class RankCounts:
    """Counts for each fraud how many other purchases have a smaller value of a feature, and how many the same.

    Purchases that are no fraud are added in batches of any size and are not kept, so memory grows with frauds alone.

    Args:
        values: The feature of all frauds, float64 (f,); NaN where it has none.
    """

    def __init__(self, values: NDArray[np.float64]) -> None:
        self._values = values
        # Twice the number below, and once the number equal: integers, as half a tie is half a pair.
        self._twice_below = np.zeros(len(values), np.int64)
        self._others = 0

    def add(self, others: NDArray[np.float64]) -> None:
        """Count purchases that are no fraud, float64 (n,); NaN counts nowhere."""
        ordered = np.sort(others[~np.isnan(others)])
        below = np.searchsorted(ordered, self._values, "left")
        self._twice_below += below + np.searchsorted(ordered, self._values, "right")
        self._others += len(ordered)

    def auc(self, chosen: NDArray[np.bool_]) -> float | None:
        """Return the chance that a fraud's value exceeds another purchase's, a tie counting half.

        Args:
            chosen: The frauds that count, bool (f,); those without a value do not.

        Returns:
            0..1; None without frauds or others that have a value.
        """
        counted = chosen & ~np.isnan(self._values)
        pairs = int(np.count_nonzero(counted)) * self._others
        return int(self._twice_below[counted].sum()) / (2 * pairs) if pairs else None


def cross_fitted_auc(counts: NDArray[np.int64], kind: int | None = None) -> float | None:
    """Return the AUC of a category, each half of the cards scored by the fraud rates of the other half.

    Rates of the same purchases would favour rare categories.

    Args:
        counts: Purchases by half, category and kind of fraud, kind 0 being none, int64 (2, categories, kinds).
        kind: The kind whose AUC is wanted; None for all.

    Returns:
        0..1; None without frauds or others.
    """
    others = counts[:, :, 0]
    fraud = counts[:, :, 1:].sum(axis=2)
    wanted = fraud if kind is None else counts[:, :, kind]
    pairs = int(wanted.sum()) * int(others.sum())
    if not pairs:
        return None
    rates = (fraud + fraud.sum() / counts.sum()) / (fraud + others + 1.0)
    scores = rates[::-1].ravel()
    _, rank = np.unique(scores, return_inverse=True)
    of_fraud = np.bincount(rank, weights=wanted.ravel())
    of_others = np.bincount(rank, weights=others.ravel())
    below = np.cumsum(of_others) - of_others
    return float((of_fraud * (below + of_others / 2)).sum() / pairs)
