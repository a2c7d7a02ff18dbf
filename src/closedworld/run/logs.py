"""Log formats, and the log file of a run."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from closedworld.execution.worker import heard_by
from closedworld.store.durable import not_writable


class JsonLines(logging.Formatter):
    """One JSON object per record: time, level, logger, message, and the event's own fields.

    JSON escapes control characters, so no text from a file can forge a line.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "event", {}),
        }
        worker = getattr(record, "worker", None)
        if worker is not None:
            line["worker"] = worker
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class _FileHandler(logging.FileHandler):
    """Keeps the first error instead of printing a traceback for each record."""

    error: OSError | None = None

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 -- logging's name
        """Keep an error of the file; any other is a fault of the program."""
        error = sys.exception()
        if not isinstance(error, OSError):
            super().handleError(record)
        elif self.error is None:
            self.error = error

    def close(self) -> None:
        """Close the file; what cannot be written any more is lost."""
        try:
            super().close()
        except OSError as error:
            self.error = self.error or error


@contextmanager
def log_file(path: Path) -> Iterator[None]:
    """Write every record of closedworld to a file as JSON lines while the block runs.

    Raises:
        PublishError: ``output-not-writable``: the log is not whole, and nothing else went wrong.
    """
    try:
        handler = _FileHandler(path, encoding="utf-8")
    except OSError as error:
        raise not_writable(path, error) from error
    handler.setFormatter(JsonLines())
    with closing(handler), heard_by(handler):
        yield
    if handler.error is not None:
        raise not_writable(path, handler.error)
