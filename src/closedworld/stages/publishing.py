"""What every stage does with its result: find it, seal it, tell of it."""

from __future__ import annotations

import time
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from closedworld._version import __version__
from closedworld.errors import IntegrityError
from closedworld.execution import events
from closedworld.kernels.digests import digest_of_dataset
from closedworld.store.durable import not_writable
from closedworld.store.paths import RECEIPT_NAME, stage_folder
from closedworld.store.reading import Published, open_folder
from closedworld.store.receipt import FileEntry, Receipt, parameter_hash
from closedworld.store.staging import clear_debris

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from closedworld.execution.events import Observer
    from closedworld.stages.stage import Stage
    from closedworld.store.staging import Staging


@contextmanager
def timed(stage: Stage, phase: str, observer: Observer) -> Iterator[None]:
    """Tell the observer how long the block took."""
    began = time.perf_counter()
    yield
    observer.on_event(events.PhaseFinished(stage.number, phase, time.perf_counter() - began))


def find_result(out: Path, stage: Stage, parameters: dict[str, Any]) -> Published | None:
    """Return the verified result that is already there, if there is one.

    Raises:
        IntegrityError: What is there is damaged, or has no receipt.
        PublishError: ``output-not-writable``: it may not be looked at.
    """
    folder = stage_folder(out, stage.name, parameter_hash(parameters))
    try:
        if not folder.exists():
            return None
        has_receipt = (folder / RECEIPT_NAME).exists()
    except OSError as error:
        # A folder that may not be entered: whoever may not look there may not write there.
        raise not_writable(folder, error) from error
    if not has_receipt:
        raise IntegrityError(
            "receipt-missing",
            f"{folder} is where the result belongs, but it has no receipt.",
            "Delete the folder, or move it away, and run again.",
        )
    published = open_folder(folder)
    published.verify()
    # A run that died after publishing may have left the rest; of other stages something to take up.
    clear_debris(out, stage.name)
    return published


def sealed(
    stage: Stage,
    parameters: dict[str, Any],
    totals: dict[str, Any],
    files: Sequence[FileEntry],
    values: Mapping[str, Mapping[str, bytes]],
) -> Receipt:
    """Return the receipt of a result.

    Args:
        stage: The stage that made it.
        parameters: Everything that decides the content.
        totals: Figures of the whole.
        files: Every file.
        values: Digest of the rows of each country in each dataset, by country and dataset.
    """
    by_dataset: dict[str, dict[str, bytes]] = {}
    for iso, digests in values.items():
        for name, digest in digests.items():
            by_dataset.setdefault(name, {})[iso] = digest
    return Receipt(
        stage=stage.name,
        parameter_hash=parameter_hash(parameters),
        parameters=parameters,
        totals=totals,
        versions=_versions(),
        files=tuple(sorted(files)),
        values={name: digest_of_dataset(name, own) for name, own in sorted(by_dataset.items())},
    )


def staged_published(
    staging: Staging, receipt: Receipt, stage: Stage, observer: Observer
) -> Published:
    """Wait until all is on the device, and publish it.

    Raises:
        PublishError, IntegrityError: As ``Staging.publish``.
    """
    with timed(stage, "fsync", observer):
        staging.sync(receipt.files)
    with timed(stage, "publish", observer):
        return staging.publish(receipt)


def identity_of(parameters: dict[str, Any]) -> str:
    """Return what stands for everything that decides the bytes of a result."""
    return parameter_hash({"parameter_hash": parameter_hash(parameters), "versions": _versions()})


def _versions() -> dict[str, str]:
    """Return the versions of what writes the bytes."""
    return {"closedworld": __version__, "pyarrow": version("pyarrow")}


def emit_reused(stage: Stage, published: Published, seconds: float, observer: Observer) -> None:
    """Tell that nothing had to be written."""
    observer.on_event(
        events.StageReused(
            stage.number, str(published.folder), published.receipt.parameter_hash, seconds
        )
    )


def emit_published(published: Published, seconds: float, observer: Observer) -> None:
    """Tell of each dataset that readers see now."""
    for name, total in published.receipt.datasets().items():
        observer.on_event(
            events.DatasetPublished(
                dataset=name,
                path=str(published.folder / name),
                rows=total["rows"],
                files=total["files"],
                size_bytes=total["size_bytes"],
                seconds=seconds,
            )
        )
