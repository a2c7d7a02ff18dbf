"""What every stage does: find its result, or do its tasks, seal and publish; told as it happens."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from closedworld._version import __version__
from closedworld.datasets.parameters import Parameters
from closedworld.datasets.part_encoder import PartEncoder
from closedworld.errors import IntegrityError
from closedworld.execution import WorkerPool, events
from closedworld.execution.events import Observer
from closedworld.kernels.digests import digest_of_dataset
from closedworld.stages import Stage
from closedworld.stages.protocol import Folded, StageOutcome, StagePlan
from closedworld.stages.task_runner import TaskRunner, stage_part
from closedworld.store.durable import not_writable
from closedworld.store.local import storage_at
from closedworld.store.paths import RECEIPT_NAME, result_key
from closedworld.store.protocol import Storage
from closedworld.store.reading import Published, open_result
from closedworld.store.receipt import FileEntry, Receipt, parameter_hash
from closedworld.store.staging import Staging, clear_debris

OutcomeT = TypeVar("OutcomeT", bound="StageOutcome")


def run_stage(
    plan: StagePlan[Any, Any, OutcomeT], out: Path, pool: WorkerPool, observer: Observer
) -> OutcomeT:
    """Publish what is planned, or find it published.

    Raises:
        PublishError: ``output-not-writable``, ``published-differs``.
        IntegrityError: The published result under the same hash is damaged.
        UnitError: ``unit-failed``, ``worker-died``.
        ClosedWorldError: As the plan's ``tasks`` and ``fold``.
    """
    began, stage, parameters = time.perf_counter(), plan.stage, plan.parameters
    storage = storage_at(out)
    published = _find(storage, parameters)
    if published is not None:
        found, seconds = published.receipt.parameter_hash, time.perf_counter() - began
        reused = events.StageReused(stage.number, str(published.folder), found, seconds)
        observer.on_event(reused)
        return plan.outcome(published, None)
    with Staging(storage, stage.name, _identity(parameters)) as staging:
        runner = TaskRunner(pool, stage, observer, staging)
        tasks = plan.tasks(runner)
        with closing(runner.write(plan.write, tasks, plan.task_result)) as written:
            folded = plan.fold(runner, written)
        folded.files += _write_empty_parts(plan, folded, staging.folder)
        receipt = _build_receipt(plan, folded)
        with timed(stage, "fsync", observer):
            staging.sync(receipt.files)
        with timed(stage, "publish", observer):
            published = staging.publish(receipt)
    _emit_published(published, time.perf_counter() - began, observer)
    return plan.outcome(published, folded)


@contextmanager
def timed(stage: Stage, phase: str, observer: Observer) -> Iterator[None]:
    """Tell the observer how long the block took."""
    began = time.perf_counter()
    yield
    observer.on_event(events.PhaseFinished(stage.number, phase, time.perf_counter() - began))


def _find(storage: Storage, parameters: Parameters) -> Published | None:
    """Return the verified result that is already there, if there is one.

    Raises:
        IntegrityError: What is there is damaged, or has no receipt.
        PublishError: ``output-not-writable``: it may not be looked at.
    """
    result = storage.below(result_key(parameters.stage, _hash(parameters)))
    try:
        is_sealed = RECEIPT_NAME in result.list()
    except FileNotFoundError:
        return None
    except OSError as error:
        # A folder that may not be entered: whoever may not look there may not write there.
        raise not_writable(result.root, error) from error
    if not is_sealed:
        raise IntegrityError(
            "receipt-missing",
            f"{result.root} is where the result belongs, but it has no receipt.",
            "Delete the folder, or move it away, and run again.",
        )
    published = open_result(result)
    published.verify()
    # A run that died after publishing may have left the rest; of other stages something to take up.
    clear_debris(storage, parameters.stage)
    return published


def _write_empty_parts(
    plan: StagePlan[Any, Any, Any], folded: Folded, folder: Storage
) -> list[FileEntry]:
    """Write a part file without rows where a partition has none, so that its path leads to a table.

    Raises:
        PublishError: ``output-not-writable``.
    """
    there = {(entry.dataset, entry.partition_value) for entry in folded.files if entry.dataset}
    return [
        stage_part(folder, dataset, partition, 0, PartEncoder(dataset))
        for dataset in plan.parameters.datasets
        for partition in plan.partitions
        if (dataset.name, partition.value) not in there
    ]


def _build_receipt(plan: StagePlan[Any, Any, Any], folded: Folded) -> Receipt:
    """Return the receipt of a result.

    Raises:
        ValueError: The stage wrote files or digests of a dataset that it does not state.
    """
    parameters = plan.parameters
    stated = {dataset.name for dataset in parameters.datasets}
    by_dataset: dict[str, dict[str, bytes]] = {name: {} for name in stated}
    for partition, digests in folded.digests.items():
        for name, digest in digests.items():
            by_dataset.setdefault(name, {})[partition] = digest
    written = {entry.dataset for entry in folded.files if entry.dataset}
    others = (written | by_dataset.keys()) - stated
    if others:
        raise ValueError(f"stage {plan.stage.name} does not state {', '.join(sorted(others))}")
    return Receipt(
        stage=parameters.stage,
        parameter_hash=_hash(parameters),
        parameters=parameters.to_dict(),
        totals=folded.totals.to_dict(),
        versions=_versions(),
        files=tuple(sorted(folded.files)),
        values={name: digest_of_dataset(name, own) for name, own in sorted(by_dataset.items())},
    )


def _hash(parameters: Parameters) -> str:
    return parameter_hash(parameters.to_dict())


def _identity(parameters: Parameters) -> str:
    """Return what stands for everything that decides the bytes of a result, versions included."""
    return parameter_hash({"parameter_hash": _hash(parameters), "versions": _versions()})


def _versions() -> dict[str, str]:
    return {"closedworld": __version__, "pyarrow": version("pyarrow")}


def _emit_published(published: Published, seconds: float, observer: Observer) -> None:
    for name, total in published.receipt.datasets().items():
        observer.on_event(
            events.DatasetPublished(
                dataset=name,
                path=str(published.folder_of(name)),
                rows=total["rows"],
                files=total["files"],
                size_bytes=total["size_bytes"],
                seconds=seconds,
            )
        )
