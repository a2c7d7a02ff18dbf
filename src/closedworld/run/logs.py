"""Log formats, and the log file of a run."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

ROOT_LOGGER = logging.getLogger("closedworld")


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


@contextmanager
def log_file(path: Path) -> Iterator[None]:
    """Write every record of closedworld to a file as JSON lines while the block runs."""
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(JsonLines())
    level = ROOT_LOGGER.level
    ROOT_LOGGER.addHandler(handler)
    ROOT_LOGGER.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        ROOT_LOGGER.setLevel(level)
        ROOT_LOGGER.removeHandler(handler)
        handler.close()
