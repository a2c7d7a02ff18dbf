"""What a storage of results has to do; everything else in ``store`` is written once, on top of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import BufferedIOBase
from pathlib import Path
from typing import BinaryIO, Protocol, TypeAlias

import pyarrow as pa
from pyarrow.fs import FileSystem

Content: TypeAlias = bytes | pa.Buffer


class Storage(Protocol):
    """Files below one root, by key: a path relative to the root, with forward slashes.

    Workers get a storage pickled. What cannot be done raises ``OSError``, and ``FileNotFoundError``
    where nothing has the key.
    """

    @property
    def root(self) -> Path:
        """Where keys begin: for messages, and for readers of local files."""

    def below(self, folder: str) -> Storage:
        """Return the storage of a folder."""

    def list(self, folder: str = "") -> Sequence[str]:
        """Return the names directly in a folder, ascending, those of folders with a slash at the end."""

    def size(self, key: str) -> int:
        """Return the bytes of a file."""

    def open(self, key: str) -> BufferedIOBase:
        """Open a file for reading from any place; no pipe is waited for, no device opened."""

    def for_arrow(self, keys: Sequence[str]) -> tuple[Sequence[str], FileSystem | None]:
        """Return what pyarrow opens files by: paths, and the file system these belong to."""

    def is_whole(self, key: str, size_bytes: int, sha256: str) -> bool:
        """Return whether a file, and no link to one, has this key, size and digest."""

    def make_folder(self, folder: str) -> None:
        """Make a folder, in which files can then be put; nothing where folders are only in keys."""

    def put(self, key: str, content: Content) -> None:
        """Write a file, whole or not at all, in place of one that is there.

        Its folder below the root is made, the root is not. The bytes need not outlive a power cut
        before ``sync``.
        """

    def append(self, key: str, content: bytes) -> None:
        """Add to a file, made when it is not there; what is added may be lost or torn."""

    def move(self, source: str, target: str) -> None:
        """Give a file another key that nobody has."""

    def replace(self, source: str, target: str) -> None:
        """Give a file, synced before, another key in place of the file that has it, durably."""

    def remove(self, key: str) -> bool:
        """Remove a file or a folder with all in it; return whether nothing is left of it."""

    def remove_if_empty(self, folder: str) -> None:
        """Remove a folder that holds nothing; leave it alone when it holds something."""

    def scratch(self, key: str) -> Path:
        """Return a folder of this machine for files that are no part of a result; ``remove`` ends it."""

    def lock(self, key: str) -> BinaryIO | None:
        """Lock a key, made when it is not there, until what is returned is closed or this process ends, however that is.

        Returns:
            None when another process holds the key or ends it.
        """

    def sync(self, keys: Iterable[str]) -> None:
        """Wait until files outlive a power cut."""

    def commit(self, staged: str, target: str, receipt: Content) -> bool:
        """Add the receipt to a folder and give the folder its final name, in one step and durably.

        Returns:
            False, with nothing changed at the target, when that name is taken.
        """
