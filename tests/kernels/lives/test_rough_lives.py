"""Lives in a world of rare things are public, too: the same bytes in every version of a FORMAT and on every machine."""

from __future__ import annotations

import hashlib
from dataclasses import fields
from typing import Any

import numpy as np
import rough_world
from rough_world import PERIOD

from closedworld.kernels.fraud_mix import FraudMix
from closedworld.kernels.lives import (
    FraudPlan,
    FraudType,
    HardNegative,
    LifeOptions,
    StayKind,
    default_habits,
    expected_visits,
    live,
    plan_fraud,
)
from closedworld.kernels.lives.habits import Schedule

MUCH = FraudMix(share=0.1, clone=1.0, skim=3.0, lost=1.0, testing=1.0)


def digest_of(*tables: Any) -> str:
    """Return the SHA-256 of all arrays and numbers of tables, tables within them included."""
    digest = hashlib.sha256()
    for table in tables:
        for one in fields(table):
            values = getattr(table, one.name)
            if hasattr(values, "__dataclass_fields__"):
                digest.update(digest_of(values).encode())
            else:
                array = np.ascontiguousarray(values)
                digest.update(f"{one.name} {array.dtype.str} {array.shape}\n".encode())
                digest.update(array.tobytes())
    return digest.hexdigest()


def plan(times: int) -> FraudPlan:
    """Return the plan for so many times as many cards as there are."""
    town, everybody = rough_world.market(), rough_world.cards()
    visits = expected_visits(town, everybody) * times
    return plan_fraud(town, MUCH, PERIOD, visits=visits, n_cards=len(everybody) * times, seed=11)


def test_rough_lives_are_public() -> None:
    found = live(rough_world.market(), rough_world.cards(), PERIOD, LifeOptions(40.0, 0.4), plan(1))
    assert set(found.truth.hard_negative.tolist()) == set(HardNegative)
    assert set(found.truth.fraud_type.tolist()) == set(FraudType)
    assert set(found.stays.kind.tolist()) == set(StayKind)
    assert (
        digest_of(found.purchases, found.truth, found.stays)
        == "86b38c00eb08f04d2407d61ca879263972f9edcfa0d53fc6b23f0e300d6b401a"
    )


def test_rough_plans_are_public() -> None:
    """With few cards and with many, where campaigns are at sites that many visit, and apart."""
    plans = plan(1), plan(5_000)
    assert digest_of(*plans) == "a31950e6317eb2f94f35d21e8781a8790ba07fcc5804af6955bc12664c4f555e"


def test_default_habits_are_public() -> None:
    """And so is the schedule that follows from them."""
    habits = default_habits()
    schedule = Schedule.of(habits, np.linspace(0.5, 1, len(habits)))
    assert (
        digest_of(habits, schedule)
        == "7957190f3fd06198eb981573c9948f876e79e73ce10808477c26f4435e306944"
    )
