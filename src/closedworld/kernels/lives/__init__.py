"""Lives of card holders: where they are, what they buy when and where, and what thieves do with their cards."""

from closedworld.kernels.lives.fraud_plan import FraudPlan
from closedworld.kernels.lives.habits import CATEGORIES, Habits, default_habits
from closedworld.kernels.lives.live import LifeOptions, live
from closedworld.kernels.lives.market import Market
from closedworld.kernels.lives.outcome import (
    NONE,
    Channel,
    FraudType,
    HardNegative,
    Lives,
    Purchases,
    StayKind,
)
from closedworld.kernels.lives.places import (
    Cards,
    Countries,
    OnlineMerchants,
    Period,
    Sites,
    Zones,
    card_keys,
)
from closedworld.kernels.lives.planning import expected_visits, plan_fraud

__all__ = [
    "CATEGORIES",
    "NONE",
    "Cards",
    "Channel",
    "Countries",
    "FraudPlan",
    "FraudType",
    "Habits",
    "HardNegative",
    "LifeOptions",
    "Lives",
    "Market",
    "OnlineMerchants",
    "Period",
    "Purchases",
    "Sites",
    "StayKind",
    "Zones",
    "card_keys",
    "default_habits",
    "expected_visits",
    "live",
    "plan_fraud",
]
