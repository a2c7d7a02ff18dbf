"""Determinism: whatever surrounds a run, one receipt."""

from __future__ import annotations

import hashlib
import itertools
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from effort import tries
from harness import small
from hidden import environment_without

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow

AXES: dict[str, tuple[Any, ...]] = {
    "executor and workers": (("serial", 1), ("threads", 3), ("processes", 2)),
    "order": (1, -1),
    "stopped": (0, 5),
    "umask": ("022", "077"),
    "hash seed": ("0", "4242"),
    "zone and locale": (("UTC", "C"), ("Pacific/Chatham", "C.UTF-8")),
}


def receipts(out: Path, setting: tuple[Any, ...]) -> str:
    (executor, workers), order, stopped, umask, seed, (zone, name) = setting
    words = [str(out), executor, str(workers), str(order), str(stopped), umask]
    path = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
    surroundings = {"PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": name}
    subprocess.run(
        [sys.executable, "-m", "harness.surrounded", *words],
        check=True,
        env={**environment_without(path=path), **surroundings},
    )
    found = sorted(out.glob("*/parameter_hash=*/_receipt.json"))
    assert len(found) == len(small.STAGES)
    return hashlib.sha256(b"".join(path.read_bytes() for path in found)).hexdigest()


def test_one_receipt_whatever_surrounds_a_run(
    place: Path, score: Callable[[str, int], None]
) -> None:
    """Some of all combinations, spread so that every value of every axis occurs."""
    every = list(itertools.product(*AXES.values()))
    wanted = tries(4, 64)
    # 29 has no divisor in common with the number of combinations.
    settings = [every[(number * 29) % len(every)] for number in range(wanted)]
    for axis, values in enumerate(AXES.values()):
        assert {setting[axis] for setting in settings} == set(values)
    found = {setting: receipts(place / str(n), setting) for n, setting in enumerate(settings)}
    assert len(set(found.values())) == 1, found
    score(
        "settings: executor, workers, order, interrupted, umask, hash seed, zone, locale: one receipt",
        wanted,
    )
