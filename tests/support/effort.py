"""How hard tests try: a little each time, ten times as hard in ``make thorough``."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

from closedworld.config import EXECUTORS

# Other processes take seconds to start.
ANY_EXECUTOR = [
    pytest.param(name, marks=pytest.mark.slow if name in {"processes", "dask"} else ())
    for name in EXECUTORS
]
IS_FULL = os.environ.get("CLOSEDWORLD_TESTS") == "full"

# The same examples each time, so that a change is not refused for what an earlier one did.
settings.register_profile("usual", deadline=None, derandomize=True, database=None)
settings.register_profile("full", deadline=None, max_examples=1000)
settings.load_profile("full" if IS_FULL else "usual")


def tries(usual: int, full: int) -> int:
    """Return how often something is tried."""
    return full if IS_FULL else usual


def examples(usual: int) -> settings:
    """Return settings of a property test that tries another number of examples than most."""
    return settings(max_examples=tries(usual, 10 * usual))
