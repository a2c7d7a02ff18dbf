"""The input lock: a TOML file that pins inputs by their digests, so that a changed one is refused.

::

    lock_format = 1

    [[input]]
    path = "mine.gpkg"
    size_bytes = 1093632
    sha256 = "…"

Paths start from the folder of the lock; ``bundled:`` stands for data of the package.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from closedworld.bounded_read import read_small_file
from closedworld.errors import ConfigError, InputError, PublishError
from closedworld.inputs.reference.registry import bundled_files
from closedworld.sanitize import library_message, one_line
from closedworld.store.atomic import replace_file
from closedworld.store.file_digests import sha256_of_file

_FORMAT = 1
_HEADER = """\
# The inputs of a run, by digest. Written by `closedworld inputs --lock`; checked by `closedworld run --lock`.
"""


@dataclass(frozen=True, slots=True, order=True)
class LockedInput:
    """A file that must not change.

    Attributes:
        path: From the folder of the lock, or ``bundled:<name>``.
        size_bytes: Its size.
        sha256: Digest of its bytes, lower-case hex.
    """

    path: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class InputLock:
    """The inputs that a run may read.

    Attributes:
        path: The lock file.
        inputs: What it pins, by path.
    """

    path: Path
    inputs: tuple[LockedInput, ...]

    @classmethod
    def of(cls, path: Path, files: Iterable[Path]) -> Self:
        """Return a lock of files as they are now.

        Raises:
            InputError: ``input-unreadable``.
        """
        inputs = []
        for file in files:
            size_bytes, sha256 = _state(file)
            inputs.append(LockedInput(_name(file, path), size_bytes, sha256))
        return cls(path, tuple(sorted(set(inputs))))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return the lock that a file holds.

        Raises:
            ConfigError: ``lock-missing``, ``lock-syntax``.
        """
        try:
            content = tomllib.loads(read_small_file(path).decode())
            inputs = _inputs(content)
        except OSError as error:
            raise ConfigError(
                "lock-missing",
                f"{path} cannot be read: {error.strerror}.",
                "Write it: closedworld inputs --lock",
            ) from error
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            raise ConfigError(
                "lock-syntax",
                f"{path} is not a lock: {type(error).__name__}: {library_message(error)}.",
                "Rewrite it: closedworld inputs --lock",
            ) from error
        return cls(path, tuple(inputs))

    def write(self) -> None:
        """Write the lock file, or replace it.

        Raises:
            PublishError: ``output-not-writable``.
        """
        text = f"{_HEADER}lock_format = {_FORMAT}\n"
        for one in self.inputs:
            # A JSON string is a TOML basic string.
            text += f"\n[[input]]\npath = {json.dumps(one.path)}\n"
            text += f'size_bytes = {one.size_bytes}\nsha256 = "{one.sha256}"\n'
        try:
            replace_file(self.path, text)
        except OSError as error:
            raise PublishError(
                "output-not-writable",
                f"cannot write {self.path}: {error.strerror}.",
                "Name a file after --lock where you may write and have space.",
            ) from error

    def require(self, files: Iterable[Path]) -> None:
        """Check files before anything reads them.

        Raises:
            InputError: ``input-not-locked``, ``input-changed``, ``input-unreadable``.
        """
        pinned = {one.path: one for one in self.inputs}
        for file in files:
            known = pinned.get(_name(file, self.path))
            if known is None:
                raise InputError(
                    "input-not-locked",
                    f"{file} is not in {self.path}.",
                    "If it belongs there, rewrite the lock: closedworld inputs --lock",
                )
            size_bytes, sha256 = _state(file)
            if (size_bytes, sha256) != (known.size_bytes, known.sha256):
                raise InputError(
                    "input-changed",
                    f"{file} has SHA-256 {sha256} ({size_bytes:,} bytes); {self.path} says "
                    f"{one_line(known.sha256)} ({known.size_bytes:,} bytes).",
                    "Fetch the file that was locked, or rewrite the lock: closedworld inputs --lock",
                )


def _inputs(content: dict[str, Any]) -> list[LockedInput]:
    if content["lock_format"] != _FORMAT:
        raise ValueError(f"lock_format is {content['lock_format']!r}")
    return [
        LockedInput(str(one["path"]), int(one["size_bytes"]), str(one["sha256"]))
        for one in content["input"]
    ]


def _name(file: Path, lock: Path) -> str:
    here = file.resolve()
    if here in {entry.path.resolve() for entry in bundled_files()}:
        return f"bundled:{here.name}"
    return Path(os.path.relpath(here, lock.resolve().parent)).as_posix()


def _state(file: Path) -> tuple[int, str]:
    try:
        return file.stat().st_size, sha256_of_file(file)
    except OSError as error:
        raise InputError(
            "input-unreadable", f"{file} cannot be read: {error.strerror}.", "Check the path."
        ) from error
