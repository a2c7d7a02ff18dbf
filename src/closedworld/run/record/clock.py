"""When a run began, and its name."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from closedworld.execution.meters import cpu_seconds


@dataclass(frozen=True, slots=True)
class RunClock:
    """When a run began.

    Attributes:
        run_id: Its name, from the time in UTC and four random hex digits.
        started_at: Time in UTC.
        wall: ``time.perf_counter()`` at the start, seconds.
        cpu: Processor seconds of this process and its children at the start.
    """

    run_id: str
    started_at: datetime
    wall: float
    cpu: float

    @classmethod
    def start(cls) -> RunClock:
        """Return a clock that starts now."""
        now = datetime.now(UTC)
        run_id = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
        return cls(run_id, now, time.perf_counter(), cpu_seconds())
