"""An unfinished download: its bytes so far, of which file they are the beginning, and room for the rest."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO, Self

from closedworld.bounded_read import read_small_file
from closedworld.errors import FetchError, PublishError
from closedworld.store.atomic import move_into_place, replace_file

Progress = Callable[[int, int | None], None]
"""Called with the bytes so far and, if known, those of the whole file."""


@dataclass(frozen=True, slots=True)
class Version:
    """What a server says about the file that it sends.

    Attributes:
        url: The address of the request.
        validator: Its entity tag or, without one, the date of its last change: what If-Range takes.
            Empty when neither is reliable.
        total_bytes: Size of the whole; None when the server does not say.
    """

    url: str
    validator: str = ""
    total_bytes: int | None = None

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Return the version in a JSON file; None when there is none or it is damaged."""
        try:
            content = json.loads(read_small_file(path))
            total = content["total_bytes"]
            return cls(
                str(content["url"]),
                str(content["validator"]),
                None if total is None else int(total),
            )
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            # Without it the download starts over, which costs only time.
            return None


@dataclass(frozen=True, slots=True)
class Partial:
    """The bytes of a download so far, open and locked.

    Attributes:
        path: The file.
        file: The same, open for reading and writing.
    """

    path: Path
    file: BinaryIO

    @classmethod
    @contextmanager
    def opened(cls, path: Path) -> Iterator[Self]:
        """Open an unfinished download or begin one; one process at a time.

        Raises:
            FetchError: ``fetch-busy``.
            OSError: The file cannot be written.
        """
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
        with os.fdopen(descriptor, "r+b") as file:
            if not _locked(descriptor, path):
                raise FetchError(
                    "fetch-busy",
                    f"another process is downloading to {path}.",
                    "Wait for it, then try again: its download is used.",
                )
            yield cls(path, file)

    @property
    def _version_path(self) -> Path:
        return self.path.with_name(f"{self.path.name}.json")

    @property
    def size_bytes(self) -> int:
        """Bytes that are there."""
        return self.file.seek(0, os.SEEK_END)

    def version(self, url: str) -> Version | None:
        """Return of which version the bytes are the beginning; None if unknown."""
        version = Version.read(self._version_path)
        return version if version is not None and version.url == url else None

    def begin(self, version: Version) -> None:
        """Discard the bytes and record the version that comes."""
        self._version_path.unlink(missing_ok=True)
        self.file.truncate(0)
        self.file.seek(0)
        replace_file(self._version_path, json.dumps(asdict(version)))

    def discard(self) -> None:
        """Remove the download."""
        self._version_path.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)

    def hand_over(self, target: Path) -> None:
        """Move the finished download to its name."""
        self.file.flush()
        move_into_place(self.path, target)
        self._version_path.unlink(missing_ok=True)


def _locked(descriptor: int, path: Path) -> bool:
    """Lock an open file; return False when another process holds it or has moved it away."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except (BlockingIOError, FileNotFoundError):
        return False


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
