"""Builds the made-up world as its surroundings and arguments say; run as a program."""

from __future__ import annotations

import locale
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from closedworld.execution import events, open_worker_pool
from closedworld.inputs.regions.country_reading import countries_from_features
from closedworld.testing import tiny_countries
from harness import small

if TYPE_CHECKING:
    from closedworld.execution.events import Event


class Stop:
    """Interrupts a run when it has written so many units; never for 0."""

    def __init__(self, units: int) -> None:
        self._left = units

    def on_event(self, event: Event) -> None:
        """Count what is written."""
        if isinstance(event, events.TaskFinished) and event.work == "writing":
            self._left -= 1
            if self._left == 0:
                raise KeyboardInterrupt


def main(out: str, executor: str, workers: str, order: str, stop_at: str, umask: str) -> None:
    """Build all stages, again and again when they are interrupted."""
    os.umask(int(umask, 8))
    locale.setlocale(locale.LC_ALL, "")
    polygons = countries_from_features(tiny_countries()[:: int(order)])
    with open_worker_pool(executor, int(workers)) as pool:
        for _ in range(20):
            options = {"executor": pool, "observer": Stop(int(stop_at))}
            try:
                small.build(
                    Path(out), polygons=polygons, rule="any_overlap", coverage=True, **options
                )
            except KeyboardInterrupt:
                continue
            return
        raise RuntimeError("it never comes to its end")


if __name__ == "__main__":
    main(*sys.argv[1:])
