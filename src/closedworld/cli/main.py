"""The command group, and how errors reach the user."""

from __future__ import annotations

import errno
import io
import itertools
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import click

from closedworld._version import __version__
from closedworld.cli.convert import convert
from closedworld.cli.diff import diff
from closedworld.cli.explore import explore
from closedworld.cli.export import export
from closedworld.cli.fetch import fetch
from closedworld.cli.inputs import inputs
from closedworld.cli.inspect import inspect
from closedworld.cli.path import path
from closedworld.cli.plan import plan
from closedworld.cli.report import report
from closedworld.cli.run import people, purchases, run, sites, tiles, weights
from closedworld.cli.sample import sample
from closedworld.cli.score import score
from closedworld.cli.sql import sql
from closedworld.cli.verify import verify
from closedworld.errors import ClosedWorldError, ConfigError, PublishError
from closedworld.sanitize import printable

_EPILOG = """\
Exit status: 0 done; 1 verify or diff found something; 2 wrong option or argument;
3 unusable input; 4 output cannot be written; 5 published or fetched data is damaged; 6 a task failed;
7 with --pat enforce, a limit was exceeded; 8 a file cannot be downloaded now; 130 interrupted; 143 terminated.
"""

_BY_SIGNAL = 128


class _Terminated(KeyboardInterrupt):
    """SIGTERM arrived: the run ends as with Ctrl-C, with staging cleared and the report written."""


class _Commands(click.Group):
    """Commands in the order a user meets them; errors of closedworld as messages, not tracebacks."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which they were added; click would sort them."""
        return list(self.commands)

    def main(self, *args: Any, **options: Any) -> Any:
        """Run the program; a text that the console lacks characters for is shown with escapes."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
                stream.reconfigure(errors="backslashreplace")
        try:
            with _flushed():
                return super().main(*args, **options)
        except OSError as error:
            sys.exit(_end_output(error))

    def make_context(self, *args: Any, **options: Any) -> click.Context:
        """Read the options; click would end ``--help`` into a closed pipe with 1."""
        try:
            return super().make_context(*args, **options)
        except OSError as error:
            sys.exit(_end_output(error))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a known error ends it with its message and exit status."""
        try:
            with _ending_on_sigterm(), _flushed():
                return super().invoke(ctx)
        except ClosedWorldError as error:
            _show(error)
            ctx.exit(error.exit_code)
        except MemoryError:
            hint = "Use fewer --workers, --memory-limit, or a machine with more memory."
            exhausted = ConfigError("memory-exhausted", "the system refused more memory.", hint)
            _show(exhausted)
            ctx.exit(exhausted.exit_code)
        except OSError as error:
            ctx.exit(_end_output(error))
        except KeyboardInterrupt as error:
            is_terminated = isinstance(error, _Terminated)
            what = "terminated" if is_terminated else "interrupted"
            message = f"the run was {what}; results appear only when complete."
            interrupted = ClosedWorldError("interrupted", message)
            for note in getattr(error, "__notes__", []):
                interrupted.add_note(note)
            _show(interrupted)
            ctx.exit(_BY_SIGNAL + (signal.SIGTERM if is_terminated else signal.SIGINT))


@contextmanager
def _flushed() -> Iterator[None]:
    """Write out what the block printed, so that a full disk or a closed pipe is seen here and not at exit.

    Raises:
        OSError: Standard output cannot be written.
    """
    try:
        yield
    finally:
        sys.stdout.flush()


def _end_output(error: OSError) -> int:
    """Return the exit status for an output that cannot be written, said on standard error.

    A closed pipe ends the program as silently as SIGPIPE would.
    """
    # What is left in the buffer would fail once more at exit.
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if error.errno == errno.EPIPE:
        return _BY_SIGNAL + signal.SIGPIPE
    where, hint = error.filename, "Write to a place with free space."
    if where is None:
        where = "standard output"
        # What Python's tempfile says.
        if isinstance(error, FileNotFoundError):
            where, hint = "temporary files", "Set TMPDIR to a folder with free space."
    problem = PublishError(
        "output-not-writable", f"cannot write {where}: {error.strerror or error}.", hint
    )
    _show(problem)
    return problem.exit_code


@contextmanager
def _ending_on_sigterm() -> Iterator[None]:
    """Let SIGTERM, which would end the process at once, end the block as Ctrl-C does."""

    def end(*_: object) -> None:
        raise _Terminated

    # Only the main thread may set a handler, and one that was set (or SIG_IGN) stays.
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


@click.group(
    cls=_Commands, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, prog_name="closedworld")
def main() -> None:
    """Cut every country of the world into the cells of a raster, exactly and fast.

    Start with `closedworld run`: without arguments it builds the bundled world.
    """


main.add_command(run)
main.add_command(tiles)
main.add_command(weights)
main.add_command(sites)
main.add_command(people)
main.add_command(purchases)
main.add_command(plan)
main.add_command(inputs)
main.add_command(fetch)
main.add_command(inspect)
main.add_command(path)
main.add_command(sql)
main.add_command(verify)
main.add_command(report)
main.add_command(explore)
main.add_command(sample)
main.add_command(score)
main.add_command(convert)
main.add_command(diff)
main.add_command(export)


def _show(error: ClosedWorldError) -> None:
    """Print an error to standard error, if that can be written: what, where, and what to do."""
    with suppress(OSError):
        notes = getattr(error, "__notes__", [])
        if _asked_for_json():
            line = {
                "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "level": "error",
                "code": error.code,
                "message": error.message,
                "hint": error.hint,
                "notes": notes,
            }
            click.echo(json.dumps(line), err=True)
            return
        click.secho(f"error [{error.code}]: ", err=True, nl=False, fg="red", bold=True)
        click.echo(printable(error.message), err=True)
        for note in notes:
            click.echo(f"  {printable(note)}", err=True)
        if error.hint:
            click.echo(f"  {printable(error.hint)}", err=True)


def _asked_for_json() -> bool:
    words = sys.argv[1:]
    return "--log-format=json" in words or ("--log-format", "json") in itertools.pairwise(words)
