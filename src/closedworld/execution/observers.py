"""Observers: one writes log lines, one passes events on to several."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from closedworld.execution import events
from closedworld.execution.events import Event, Observer
from closedworld.execution.progress import Progress, ProgressObserver
from closedworld.sanitize import byte_size, number_of

LOGGER = logging.getLogger("closedworld.run")

COUNTRIES_PER_LINE = 25
_SECONDS_PER_LINE = 10.0
_LARGE_TILES = 1 << 22


@dataclass(frozen=True, slots=True)
class Observers:
    """Passes every event on.

    Attributes:
        observers: Told in this order.
    """

    observers: Sequence[Observer]

    def on_event(self, event: Event) -> None:
        """Tell every observer."""
        for observer in self.observers:
            observer.on_event(event)


def logged(observer: Observer | None, progress: Callable[[Progress], object] | None) -> Observer:
    """Return an observer that logs, and passes events on to those that were given."""
    given = [] if observer is None else [observer]
    return Observers([LogObserver(), *given, *([ProgressObserver(progress)] if progress else [])])


class LogObserver:
    """Writes events as log records; the fields of the event travel in the record's ``event``."""

    def __init__(self) -> None:
        self._last_line = time.monotonic()

    def on_event(self, event: Event) -> None:
        """Log an event."""
        LOGGER.log(
            self._level(event),
            "%s",
            describe(event),
            extra={"event": {"event": type(event).__name__, **asdict(event)}},
        )

    def _level(self, event: Event) -> int:
        """Return how loud an event is: progress at least every 25 countries or 10 seconds."""
        match event:
            case events.Warned():
                return logging.WARNING
            case events.TaskFinished() | events.PhaseFinished() | events.ScratchUsed():
                return logging.DEBUG
            case (
                events.PartitionFinished(done=done, total=total)
                | events.CountryWeighed(done=done, total=total)
                | events.PolygonsRepaired(done=done, total=total)
            ):
                now = time.monotonic()
                is_due = now - self._last_line >= _SECONDS_PER_LINE
                is_due |= isinstance(event, events.CountryWeighed) and event.tiles >= _LARGE_TILES
                if is_due or done % COUNTRIES_PER_LINE == 0 or done == total:
                    self._last_line = now
                    return logging.INFO
                return logging.DEBUG
            case _:
                return logging.INFO


def describe(event: Event) -> str:  # noqa: C901, PLR0911, PLR0912 -- one case for each kind of event
    """Return an event as one line for people."""
    match event:
        case events.InputLoaded(role=role, path=path, size_bytes=0):
            return f"{events.INPUTS} {role} {path}: {event.detail}"
        case events.InputLoaded(role=role, path=path):
            size = byte_size(event.size_bytes)
            return f"{events.INPUTS} {role} {path}: {event.detail}, {size} in {event.seconds:.2f} s"
        case events.PolygonsRepaired(done=done, total=total):
            return f"{events.INPUTS} repaired {done:,}/{total:,} polygons"
        case events.Warned(code=code, message=message):
            return f"{message} [{code}]"
        case events.EnumerationStarted():
            return (
                f"{event.stage} tiles of {_countries(event.countries)}, rule {event.rule}, "
                f"grid of {event.grid}"
            )
        case events.EnumerationFinished():
            return (
                f"{event.stage} found {_tiles(event.tiles)} in {number_of(event.runs, 'run', 'runs')} for "
                f"{_countries(event.countries)} in {event.seconds:.2f} s; {_tasks(event.units)}"
            )
        case events.IndexOpened():
            return (
                f"{event.stage} opened the tile index {event.path}: {_tiles(event.tiles)} of "
                f"{_countries(event.countries)} in {number_of(event.runs, 'run', 'runs')}, in "
                f"{event.seconds:.2f} s"
            )
        case events.RasterRead():
            return f"{event.stage} {_raster_line(event)}"
        case events.WorkStarted():
            return f"{event.stage} {event.work}: {_rows(event)} in {_tasks(event.units)}"
        case events.TasksResumed():
            return (
                f"{event.stage} {_rows(event)} in {_tasks(event.units)} of an interrupted run: "
                "whole, and used"
            )
        case events.CountryWeighed():
            bases = "; ".join(_basis_line(basis) for basis in event.bases)
            return f"{event.stage} {event.country_iso}: {_tiles(event.tiles)}, {bases}"
        case events.ScratchUsed():
            return f"{event.stage} temporary files take {byte_size(event.size_bytes)}"
        case events.TaskFinished():
            return (
                f"{event.stage} {event.work} {event.unit}: {_rows(event)} in "
                f"{event.seconds:.2f} s by {event.worker}"
            )
        case events.PartitionFinished():
            return f"{event.stage} wrote {_partition_line(event)}"
        case events.DatasetPublished():
            return (
                f"published {event.dataset}: {number_of(event.rows, 'row', 'rows')}, "
                f"{number_of(event.files, 'file', 'files')}, "
                f"{byte_size(event.size_bytes)} after {event.seconds:.2f} s in {event.path}"
            )
        case events.PhaseFinished():
            return f"{event.stage} {event.phase} took {event.seconds:.2f} s"
        case events.StageReused():
            return f"{event.stage} is published already; verified and reused {event.path}"


def _tiles(count: int) -> str:
    return number_of(count, "tile", "tiles")


def _rows(event: events.WorkStarted | events.TasksResumed | events.TaskFinished) -> str:
    return number_of(event.rows, event.row_name.removesuffix("s"), event.row_name)


def _countries(count: int) -> str:
    return number_of(count, "country", "countries")


def _tasks(count: int) -> str:
    return number_of(count, "task", "tasks")


def _partition_line(event: events.PartitionFinished) -> str:
    rate = event.rows_done / max(event.seconds, 1e-9) / 1e6
    return (
        f"{event.done}/{event.total} partitions, {event.rows_done:,} of {event.rows_total:,} "
        f"{event.row_name}, {rate:.1f} M {event.row_name}/s (last: {event.partition})"
    )


def _raster_line(event: events.RasterRead) -> str:
    read = "" if event.bytes_read is None else f"{byte_size(event.bytes_read)} of "
    found = [
        f"{count:,} {what}"
        for count, what in ((event.missing, "without a value"), (event.negative, "below zero"))
        if count
    ]
    counted = f" ({' and '.join(found)}, counted as 0)" if found else ""
    return (
        f"read {_tiles(event.tiles)}{counted} from {read}{byte_size(event.size_bytes)} of "
        f"{event.path} in {event.seconds:.2f} s"
    )


def _basis_line(basis: dict[str, Any]) -> str:
    fallback = " (no mass: counts as uniform)" if basis["fallback"] else ""
    return (
        f"{basis['basis']} mass {basis['mass_sum']:,}{fallback}, {basis['floor_sum']:,} units in "
        f"integer parts and {basis['remainder_units']:,} to the largest remainders"
    )
