"""How hard tests try: as hard as ``make quick``, ``test``, ``mutate`` or ``thorough`` ask for."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, settings

from closedworld.config.table import EXECUTORS

# Other processes take seconds to start.
ANY_EXECUTOR = [
    pytest.param(name, marks=pytest.mark.slow if name in {"processes", "dask"} else ())
    for name in EXECUTORS
]
LOCAL_EXECUTOR = [one for one in ANY_EXECUTOR if one.values != ("dask",)]
"""For a stage of its own: tests of the runner, and the golden test of all stages, have Dask as well."""

EFFORT = os.environ.get("CLOSEDWORLD_TESTS", "usual")

# No test fails because the machine is busy, and the same examples each time, so that a change is not
# refused for what an earlier one did.
ANY_SPEED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("usual", ANY_SPEED, derandomize=True, database=None)
settings.register_profile("quick", settings.get_profile("usual"), max_examples=25)
settings.register_profile(
    "mutate", settings.get_profile("usual"), phases=[Phase.explicit, Phase.generate]
)
settings.register_profile("full", ANY_SPEED, max_examples=1000)
settings.load_profile(EFFORT)


def finest(usual: str, full: str) -> str:
    """Return the resolution at which something slow is compared."""
    return full if EFFORT == "full" else usual


def tries(usual: int, full: int) -> int:
    """Return how often something is tried."""
    return full if EFFORT == "full" else usual


def examples(number: int) -> settings:
    """Return settings of a property test that tries another number of examples than most.

    Args:
        number: What ``make mutate`` tries.
    """
    tried = {"quick": number // 4, "usual": number // 2, "mutate": number, "full": 10 * number}
    return settings(max_examples=tried[EFFORT])
