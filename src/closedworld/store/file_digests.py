"""Digests of files."""

from __future__ import annotations

import hashlib
from pathlib import Path


def sha256_of_file(path: Path) -> str:
    """Return SHA-256 of a file's bytes, 64 lower-case hexadecimal digits.

    Raises:
        OSError: When the file cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
