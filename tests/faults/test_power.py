"""Power cuts: what was not synced may be gone, in any combination; what is visible is whole."""

from __future__ import annotations

import random
import shutil
from itertools import islice
from typing import TYPE_CHECKING

import pytest
from effort import tries
from harness import small
from harness.failing import Change, FileSystem
from harness.power import Disk

from closedworld.errors import ClosedWorldError
from closedworld.published.results import find_published, open_published

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow


def recorded(out: Path) -> list[Change]:
    with FileSystem().between() as seen:
        small.build(out)
    return seen.changes


def cuts(changes: list[Change], place: Path, whole: dict[str, str], seed: int) -> Iterator[bool]:
    """Cut the power again and again, and build on what the disk then holds; yield whether it is sound."""
    draw = random.Random(seed)
    while True:
        at = draw.randrange(len(changes) + 1)
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        Disk.after(changes[:at], draw).restore(place)
        try:
            is_sound = small.is_part_of(small.published(place), whole)
            if is_sound:
                small.build(place)
                is_sound = small.published(place) == whole
        except ClosedWorldError:
            is_sound = False
        yield is_sound


def test_no_power_cut_leaves_a_corrupt_world(
    place: Path,
    whole: dict[str, str],
    score: Callable[[str, int], None],
) -> None:
    out = place / "out"
    changes = recorded(out)
    wanted = tries(10, 500)
    assert all(islice(cuts(changes, out, whole, seed=1), wanted))
    score("power cuts: visible is whole, next run succeeds", wanted)


def test_what_was_published_survives_the_power_cut_after_it(
    place: Path, whole: dict[str, str], score: Callable[[str, int], None]
) -> None:
    """Once a run has ended, its result is there whatever happens; many ways of losing the rest."""
    out = place / "out"
    changes = recorded(out)
    wanted = tries(10, 20)
    for seed in range(wanted):
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        Disk.after(changes, random.Random(seed)).restore(out)
        assert small.published(out) == whole
    score("power cuts: visible is whole, next run succeeds", wanted)


def test_without_syncing_the_same_power_cuts_do_leave_corrupt_worlds(
    place: Path, whole: dict[str, str]
) -> None:
    """So the model of the disk is one that finds what it looks for."""
    out = place / "out"
    changes = [change for change in recorded(out) if change.kind != "fsync"]
    assert not all(islice(cuts(changes, out, whole, seed=1), 20))


def test_without_syncing_folders_there_are_corrupt_worlds_too(
    place: Path, whole: dict[str, str]
) -> None:
    out = place / "out"
    every = recorded(out)
    files = {change.path for change in every if change.kind == "open"}
    changes = [change for change in every if change.kind != "fsync" or change.path in files]
    assert not all(islice(cuts(changes, out, whole, seed=2), 40))


def test_the_disk_gives_back_all_that_was_synced(place: Path) -> None:
    out = place / "out"
    changes = recorded(out)
    shutil.rmtree(out)
    out.mkdir()
    Disk.after(changes, None).restore(out)
    for one in find_published(out):
        one.verify()
    assert open_published(out, "weights")
