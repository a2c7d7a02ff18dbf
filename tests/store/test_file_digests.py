"""Digests of files, and of several rasters taken as one."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from closedworld.store.file_digests import digest_of_rasters, sha256_of_file

if TYPE_CHECKING:
    from pathlib import Path


def test_the_digest_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"bytes" * 50_000)
    assert sha256_of_file(path) == hashlib.sha256(b"bytes" * 50_000).hexdigest()


def test_the_digest_of_rasters_is_that_of_theirs_in_order() -> None:
    """That of the only one is its own."""
    assert digest_of_rasters(["a" * 64]) == "a" * 64
    for digests in (["a" * 64, "b" * 64], ["b" * 64, "a" * 64], ["a", "b", "c"]):
        assert digest_of_rasters(digests) == hashlib.sha256("\n".join(digests).encode()).hexdigest()
