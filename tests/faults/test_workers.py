"""Workers that are killed or run out of memory: an error that says so, no hang, and the next run goes on."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from harness import small

from closedworld.errors import UnitError
from closedworld.run.tile_index import build_tile_index
from closedworld.testing import tiny_grid

if TYPE_CHECKING:
    from collections.abc import Callable


class Doomed(ProcessPoolExecutor):
    """A pool in which the n-th task meets its fate."""

    def __init__(self, fate: Callable[[Any], Any], at: int) -> None:
        super().__init__(2, multiprocessing.get_context("fork"))
        self._fate, self._at = fate, at

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        self._at -= 1
        if self._at == 0:
            return super().submit(self._fate, fn, *args, **kwargs)
        return super().submit(fn, *args, **kwargs)


def die(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def starve(work: Callable[..., Any], *arguments: Any) -> Any:
    """Do the work with hardly any address space left."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 16), resource.RLIM_INFINITY))
    bytearray(1 << 30)
    return work(*arguments)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize(
    ("fate", "says"), [(die, "a worker process ended in the middle"), (starve, "MemoryError")]
)
def test_a_lost_worker_is_an_error_and_the_next_run_makes_it_whole(
    place: Path,
    whole: dict[str, str],
    fate: Callable[[Any], Any],
    says: str,
    count: Callable[[int, int], int],
    score: Callable[[str, int], None],
) -> None:
    wanted = count(5, 100)
    for number in range(wanted):
        out = place / str(number)
        with (
            Doomed(fate, 1 + number % len(small.COUNTRIES)) as pool,
            pytest.raises(UnitError, match=says) as caught,
        ):
            build_tile_index(small.countries(), tiny_grid(), out, executor=pool, workers=2)
        assert caught.value.code in {"unit-failed", "worker-lost", "worker-died"}
        assert small.published(out) == {}
        small.build(out)
        assert small.published(out) == whole
    score("worker killed, worker out of memory", wanted)
