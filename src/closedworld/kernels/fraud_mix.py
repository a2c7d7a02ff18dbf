"""How much fraud there is: parameters of purchases, which are read without all that makes lives."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FraudMix:
    """How much fraud there is.

    Attributes:
        share: Share of purchases that are fraud, 0 to 0.1.
        clone: Weight of cards copied and used elsewhere while the holder goes on.
        skim: Weight of cards copied at a site and used later, far away.
        lost: Weight of cards lost, used soon and near.
        testing: Weight of many cards tried at one online merchant with small sums.
    """

    share: float = 0.002
    clone: float = 4.0
    skim: float = 3.0
    lost: float = 2.0
    testing: float = 1.0
