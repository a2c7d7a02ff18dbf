"""Power cuts of a real file system: ext4 on a device that is copied while all else is in memory."""

from __future__ import annotations

import shutil
import signal
from typing import TYPE_CHECKING, Any

import pytest
from effort import tries
from harness import small, volume
from harness.failing import FileSystem

from closedworld.errors import ClosedWorldError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from harness.forks import ForkServer

pytestmark = pytest.mark.slow

FAMILY = "power cuts of a real ext4: visible is whole, next run succeeds"


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> int:
    """How often a run changes the file system."""
    with FileSystem().between() as counted:
        small.build(tmp_path_factory.mktemp("counted"))
    return len(counted.changes)


class Rig:
    """Runs jobs on a fresh volume, and cuts the power after each."""

    def __init__(self, forks: ForkServer, place: Path) -> None:
        self._forks, self._place = forks, place
        self._fresh, self._used = place / "fresh.img", place / "used.img"
        self._left = place / "left.img"
        volume.make(self._fresh)

    def cut(self, job: str, *arguments: Any) -> int:
        """Run a job on a fresh volume until it ends or dies, and cut the power; return its status."""
        shutil.copyfile(self._fresh, self._used)
        with volume.mounted(self._used, self._place / "disk") as disk:
            status = self._forks.run(job, str(disk / "out"), *arguments, {})
            volume.cut_power(self._used, self._left)
        return status

    def found(self, whole: dict[str, str], *, again: bool) -> dict[str, str] | None:
        """Mount what the cut has left; return what readers see, None when it is corrupt.

        Args:
            whole: What there is to be.
            again: Whether to run once more, and return what readers see then.
        """
        with volume.mounted(self._left, self._place / "disk") as disk:
            try:
                seen = small.published(disk / "out")
                if not small.is_part_of(seen, whole):
                    return None
                if again:
                    small.build(disk / "out")
                    seen = small.published(disk / "out")
            except ClosedWorldError:
                return None
        return seen


@pytest.fixture
def rig(forks: ForkServer, place: Path) -> Rig:
    return Rig(forks, place)


def test_no_power_cut_leaves_a_corrupt_world(
    rig: Rig,
    points: int,
    whole: dict[str, str],
    score: Callable[[str, int], None],
) -> None:
    """Killed before a change, and before the kernel writes what it would have written later."""
    wanted = tries(10, 500)
    for number in range(wanted):
        status = rig.cut("killed_at", (number * points // wanted))
        assert status == -signal.SIGKILL
        assert rig.found(whole, again=True) == whole
    score(FAMILY, wanted)


def test_what_was_published_survives_the_power_cut_after_it(
    rig: Rig, whole: dict[str, str], score: Callable[[str, int], None]
) -> None:
    for _ in range(5):
        assert rig.cut("small") == 0
        assert rig.found(whole, again=False) == whole
    score(FAMILY, 5)


def test_without_syncing_files_the_same_power_cuts_do_leave_corrupt_worlds(
    rig: Rig, whole: dict[str, str]
) -> None:
    """So the volume loses what it is to lose."""
    assert rig.cut("unsynced_files") == 0
    assert rig.found(whole, again=False) is None


def test_without_syncing_folders_a_published_world_is_lost(rig: Rig, whole: dict[str, str]) -> None:
    assert rig.cut("unsynced_folders") == 0
    assert rig.found(whole, again=False) != whole
