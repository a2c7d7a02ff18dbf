"""Digests of files."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from closedworld.bounded_read import open_regular


def sha256_of_file(path: Path) -> str:
    """Return SHA-256 of a file's bytes, 64 lower-case hexadecimal digits.

    Raises:
        OSError: The file cannot be read, or is a pipe or a device.
    """
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of_rasters(digests: Sequence[str]) -> str:
    """Return the digest of rasters that are taken as one: that of their digests in order, or of the only one."""
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()
