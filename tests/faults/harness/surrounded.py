"""Builds the made-up world as its surroundings and arguments say; run as a program."""

from __future__ import annotations

import locale
import os
import sys
from typing import TYPE_CHECKING

from closedworld.execution import events
from closedworld.inputs.regions.country_reading import countries_from_features
from closedworld.published.tile_index import open_index
from closedworld.stages.tiles.build import build_tile_index
from closedworld.stages.weights.build import build_tile_weights
from closedworld.testing import tiny_countries, tiny_grid

if TYPE_CHECKING:
    from closedworld.execution.events import Event


class Stop:
    """Interrupts a stage when it has written so many units; never for 0."""

    def __init__(self, units: int) -> None:
        self._left = units

    def on_event(self, event: Event) -> None:
        """Count what is written."""
        if isinstance(event, events.TaskFinished) and event.work == "writing":
            self._left -= 1
            if self._left == 0:
                raise KeyboardInterrupt


def main(out: str, executor: str, workers: str, order: str, stop_at: str, umask: str) -> None:
    """Build both stages, again and again when they are interrupted."""
    os.umask(int(umask, 8))
    locale.setlocale(locale.LC_ALL, "")
    countries = countries_from_features(tiny_countries()[:: int(order)])
    for _ in range(20):
        try:
            index = build_tile_index(
                countries,
                tiny_grid(),
                out,
                rule="any_overlap",
                coverage=True,
                workers=int(workers),
                executor=executor,
                observer=Stop(int(stop_at)),
            )
            build_tile_weights(
                open_index(index.published.folder),
                out,
                basis="area_m2:2,uniform:1",
                weigh_by_coverage=True,
                workers=int(workers),
                executor=executor,
                observer=Stop(int(stop_at)),
            )
        except KeyboardInterrupt:
            continue
        return


if __name__ == "__main__":
    main(*sys.argv[1:])
