"""The console of a running command: log lines and, on a terminal, a progress bar."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Self

import click

from closedworld.cli.options import Output
from closedworld.execution import events
from closedworld.execution.events import Event, Observer
from closedworld.execution.worker import ROOT_LOGGER
from closedworld.run.logs import JsonLines
from closedworld.sanitize import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress


class _Line(logging.Formatter):
    """One line per record, with its time or without; a path may hold anything, so escapes are shown as text."""

    def __init__(self, *, is_verbose: bool) -> None:
        if is_verbose:
            super().__init__("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S")
        else:
            super().__init__("warning: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 -- logging's name
        """Return the line of a record, with escape sequences shown as text."""
        return printable(super().formatMessage(record))


@contextmanager
def watching(output: Output) -> Iterator[list[Observer]]:
    """Show log lines on standard error while the block runs, and a progress bar on a terminal.

    Yields:
        Observers to pass to the run.
    """
    observers: list[Observer] = []
    is_json = output.log_format == "json"
    with ExitStack() as stack:
        handler: logging.Handler = logging.StreamHandler(sys.stderr)
        if not (is_json or output.quiet) and sys.stderr.isatty():
            bar = stack.enter_context(_ProgressBar())
            observers.append(bar)
            handler = _AboveBar(bar.console)
        handler.setFormatter(JsonLines() if is_json else _Line(is_verbose=output.verbose))
        handler.setLevel(logging.INFO if output.shows_steps else logging.WARNING)
        ROOT_LOGGER.addHandler(handler)
        ROOT_LOGGER.setLevel(logging.INFO)
        stack.callback(ROOT_LOGGER.removeHandler, handler)
        yield observers


@contextmanager
def downloading(title: str) -> Iterator[Callable[[int, int | None], None] | None]:
    """Show a bar of bytes on a terminal while the block runs.

    Yields:
        A function to call with the bytes so far and, if known, those of the whole file; None without
        a terminal.
    """
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


class EchoedWarnings:
    """Shows warnings on standard error, for commands that keep no log."""

    def on_event(self, event: Event) -> None:
        """Show an event if it is a warning."""
        if isinstance(event, events.Warned):
            click.secho(f"warning [{event.code}]: ", err=True, nl=False, fg="yellow")
            click.echo(printable(event.message), err=True)


class _ProgressBar:
    """Rows done, rows per second and time left."""

    def __init__(self) -> None:
        from rich.console import Console  # noqa: PLC0415
        from rich.progress import (  # noqa: PLC0415
            BarColumn,
            Progress,
            TaskProgressColumn,
            TextColumn,
        )

        self.console: Console = Console(stderr=True)
        self._progress: Progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[pace]}"),
            console=self.console,
            transient=True,
        )
        self._total = self._done = 0
        self._began = time.monotonic()
        self._task = self._progress.add_task("", total=None, pace="", visible=False)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def on_event(self, event: Event) -> None:
        """Start the bar again with each kind of work; advance it with each task."""
        match event:
            case events.WorkStarted(rows=rows):
                self._total, self._done, self._began = rows, 0, time.monotonic()
                what = f"{event.stage} {event.work}"
                self._progress.reset(self._task, description=what, total=rows, visible=True)
            case events.TaskFinished(rows=rows):
                self._done += rows
                self._progress.update(
                    self._task, completed=self._done, pace=self._pace(event.row_name)
                )
            case _:
                return

    def _pace(self, row_name: str) -> str:
        """Return the rows per second since the work began, and the time left at that rate."""
        rate = self._done / max(time.monotonic() - self._began, 1e-3)
        minutes, seconds = divmod(round((self._total - self._done) / rate), 60)
        return f"{rate / 1e6:.1f} M {row_name}/s, {minutes}:{seconds:02d} left"


class _AboveBar(logging.Handler):
    """Prints log lines above the progress bar."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record; brackets in it are text, not markup."""
        style = "yellow" if record.levelno >= logging.WARNING else None
        self._console.print(
            self.format(record), style=style, markup=False, highlight=False, soft_wrap=True
        )
