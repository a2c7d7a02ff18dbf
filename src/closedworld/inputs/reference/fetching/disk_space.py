"""Checks that a file fits on the disk before it is written."""

from __future__ import annotations

import shutil
from pathlib import Path

from closedworld.errors import PublishError


def require_space(folder: Path, needed_bytes: int, what: str) -> None:
    """Refuse a file that does not fit.

    Raises:
        PublishError: ``disk-space``.
    """
    free_bytes = shutil.disk_usage(folder).free
    if needed_bytes > free_bytes:
        raise PublishError(
            "disk-space",
            f"{what} takes {needed_bytes:,} more bytes; {folder} has {free_bytes:,} free.",
            "Free some space, or choose another folder with --to.",
        )
