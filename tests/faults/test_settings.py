"""Determinism: whatever surrounds a run, one receipt."""

from __future__ import annotations

import hashlib
import itertools
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PROGRAM = """\
import locale, os, sys
from pathlib import Path
os.umask(int(sys.argv[5], 8))
locale.setlocale(locale.LC_ALL, "")
from closedworld.countries import countries_from_features
from closedworld.datasets import find_published
from closedworld.execution import events
from closedworld.run.published_index import open_index
from closedworld.run.tile_index import build_tile_index
from closedworld.run.tile_weights import build_tile_weights
from closedworld.testing import tiny_countries, tiny_grid

class Stop:
    left = int(sys.argv[4])
    def on_event(self, event):
        if isinstance(event, events.UnitFinished) and event.work == "writing":
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt

out, workers = Path(sys.argv[1]), int(sys.argv[2])
features = tiny_countries()[:: int(sys.argv[3])]
countries = countries_from_features(features)
for _ in range(20):
    try:
        build_tile_index(countries, tiny_grid(), out, rule="any_overlap", coverage=True,
                         workers=workers, observer=Stop())
        build_tile_weights(open_index(out), out, basis="area_m2:2,uniform:1",
                           weigh_by_coverage=True, workers=workers, observer=Stop())
        break
    except KeyboardInterrupt:
        pass
"""

AXES: dict[str, tuple[Any, ...]] = {
    "workers": (1, 3),
    "order": (1, -1),
    "stopped": (0, 5),
    "umask": ("022", "077"),
    "hash seed": ("0", "4242"),
    "zone and locale": (("UTC", "C"), ("Pacific/Chatham", "C.UTF-8")),
}


def receipts(out: Path, setting: tuple[Any, ...]) -> str:
    workers, order, stopped, umask, seed, (zone, name) = setting
    subprocess.run(
        [sys.executable, "-c", PROGRAM, str(out), str(workers), str(order), str(stopped), umask],
        check=True,
        env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": name},
    )
    found = sorted(out.glob("*/parameter_hash=*/_receipt.json"))
    assert len(found) == 2
    return hashlib.sha256(b"".join(path.read_bytes() for path in found)).hexdigest()


def test_one_receipt_whatever_surrounds_a_run(
    place: Path, count: Callable[[int, int], int], score: Callable[[str, int], None]
) -> None:
    """A quick run takes an eighth of all combinations, in which every value of every axis occurs."""
    every = list(itertools.product(*AXES.values()))
    wanted = count(8, len(every))
    settings = [every[(number * 27) % len(every)] for number in range(wanted)]
    if wanted < len(every):
        for axis, values in enumerate(AXES.values()):
            assert {setting[axis] for setting in settings} == set(values)
    found = {setting: receipts(place / str(n), setting) for n, setting in enumerate(settings)}
    assert len(set(found.values())) == 1, found
    score(
        "settings: workers, order, interrupted, umask, hash seed, zone, locale: one receipt", wanted
    )
