"""One stage from Python, outside a run."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, Protocol, TypeVar

from closedworld.config.options import LATEST
from closedworld.execution import WorkerPool, open_worker_pool
from closedworld.execution.events import Observer
from closedworld.published.names import give_name
from closedworld.published.stac import write_collections
from closedworld.published.tile_index import PublishedIndex
from closedworld.stages.protocol import StageOutcome, StagePlan
from closedworld.stages.runner import run_stage
from closedworld.store.local import storage_at
from closedworld.store.reading import Published

OutcomeT = TypeVar("OutcomeT", bound=StageOutcome)


class WeightedWorld(Protocol):
    """A published world, as ``open_world`` returns it."""

    @property
    def index(self) -> PublishedIndex:
        """The tiles."""

    @property
    def weights(self) -> Published | None:
        """The weights."""


class OpenedWorld(WeightedWorld, Protocol):
    """A published world that also has results of later stages."""

    def result(self, stage: str) -> Published:
        """Return the result of a later stage."""


def build_alone(
    plan: StagePlan[Any, Any, OutcomeT],
    out: Path | str,
    executor: Executor | WorkerPool | str,
    workers: int | None,
    observer: Observer,
    built_on: Iterable[Published] = (),
) -> OutcomeT:
    """Publish what is planned, or find it published; describe it, and let ``latest`` stand for it.

    Args:
        plan: What the stage would do.
        out: Output folder.
        executor: ``serial``, ``threads``, ``processes``, ``dask``, or an executor.
        workers: Number of concurrent tasks; None for one per core.
        observer: Receives events.
        built_on: Results that the plan starts from, in the order of the stages.

    Raises:
        ConfigError: ``workers``, ``executor-unknown``.
        ClosedWorldError: As ``run_stage``.
    """
    with open_worker_pool(executor, workers) as pool:
        built = run_stage(plan, Path(out), pool, observer)
    storage, results = storage_at(out), [*built_on, built.published]
    write_collections(storage, results)
    give_name(storage, LATEST, results)
    return built
