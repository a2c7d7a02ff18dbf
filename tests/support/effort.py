"""How hard tests try: as hard as ``make quick``, ``make test`` or ``make thorough`` ask for."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

from closedworld.config.table import EXECUTORS

# Other processes take seconds to start.
ANY_EXECUTOR = [
    pytest.param(name, marks=pytest.mark.slow if name in {"processes", "dask"} else ())
    for name in EXECUTORS
]
EFFORT = os.environ.get("CLOSEDWORLD_TESTS", "usual")

# No test fails because the machine is busy, and the same examples each time, so that a change is not
# refused for what an earlier one did.
ANY_SPEED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("usual", ANY_SPEED, derandomize=True, database=None)
settings.register_profile("quick", settings.get_profile("usual"), max_examples=25)
settings.register_profile("full", ANY_SPEED, max_examples=1000)
settings.load_profile(EFFORT)


def finest(usual: str, full: str) -> str:
    """Return the resolution at which something slow is compared."""
    return full if EFFORT == "full" else usual


def tries(usual: int, full: int) -> int:
    """Return how often something is tried."""
    return full if EFFORT == "full" else usual


def examples(usual: int) -> settings:
    """Return settings of a property test that tries another number of examples than most."""
    return settings(max_examples={"quick": usual // 4, "usual": usual, "full": 10 * usual}[EFFORT])
