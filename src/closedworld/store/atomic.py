"""Files and folders that appear whole or not at all: all that the program writes outside a result."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from closedworld.errors import ConfigError, PublishError
from closedworld.store.durable import (
    make_folders,
    sync_descriptor,
    sync_files,
    sync_folder,
    writing_to,
)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a path to write to; when the block ends well, the file takes the place of ``path``.

    Args:
        path: Where the file is to be, in a folder that is there; a file that is there is replaced.

    Raises:
        OSError: The file cannot be written; what was there is unchanged.
    """
    # The suffix stays, because libraries go by it.
    staged = path.with_name(f".{path.stem}-{secrets.token_hex(8)}{path.suffix}")
    try:
        yield staged
        move_into_place(staged, path)
    finally:
        staged.unlink(missing_ok=True)


@contextmanager
def opened_for_replacing(path: Path) -> Iterator[BinaryIO]:
    """Yield an open file to write to; as ``replacing``."""
    with replacing(path) as staged, staged.open("xb") as file:
        yield file


def replace_file(path: Path, content: bytes | str) -> None:
    """Write a file, a text in UTF-8; as ``replacing``."""
    with opened_for_replacing(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)


def move_into_place(source: Path, target: Path) -> None:
    """Give a finished file its name, in place of one that has it, once its bytes are on the device.

    Args:
        source: The file, on the file system of the target.
        target: Its name.

    Raises:
        OSError: As ``rename``.
    """
    with source.open("rb") as file:
        sync_descriptor(file.fileno())
    source.replace(target)
    sync_folder(target.parent)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a path for a file of ``--out``; as ``replacing``, and its folder is made.

    Raises:
        PublishError: ``output-not-writable``; also for an ``OSError`` of the block.
    """
    with writing_to(path):
        refuse_folder(path)
        make_folders(path.parent)
        with replacing(path) as staged:
            yield staged


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yield a new folder to write files to; when the block ends well, they appear in ``path``, together if it is new.

    Args:
        path: A folder of ``--out``, not there or empty.

    Raises:
        PublishError: ``output-not-writable``; also for an ``OSError`` of the block.
    """
    with writing_to(path):
        # A folder that is there stays: it may be a mount point, or where somebody stands.
        is_new = not path.is_dir()
        holder = path.parent if is_new else path
        make_folders(holder)
        staged = holder / f".{secrets.token_hex(8)}"
        staged.mkdir()
        try:
            yield staged
            sync_files(staged.iterdir())
            if is_new:
                sync_folder(staged)
                staged.rename(path)
            else:
                for file in sorted(staged.iterdir()):
                    file.rename(path / file.name)
            sync_folder(holder)
        finally:
            shutil.rmtree(staged, ignore_errors=True)


def require_suffix(path: Path, suffixes: Sequence[str]) -> None:
    """Raise unless a file of ``--out`` has a name whose suffix says a format that can be written.

    Raises:
        ConfigError: ``output-format``, ``path-not-utf-8``.
    """
    require_utf8(path)
    if path.suffix.lower() not in suffixes:
        names = f"{'one of ' * (len(suffixes) > 1)}{', '.join(suffixes)}"
        raise ConfigError("output-format", f"cannot write {path}.", f"Name it with {names}.")


def require_utf8(path: Path | str) -> None:
    """Refuse a path that libraries cannot open.

    Raises:
        ConfigError: ``path-not-utf-8``.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise ConfigError(
            "path-not-utf-8",
            f"the name of {str(path)!a} is not UTF-8, and Parquet libraries cannot open what lies in it.",
            "Rename the folder, or choose another one.",
        ) from error


def refuse_folder(path: Path) -> None:
    """Raise when a folder stands where a file is to be written.

    Raises:
        PublishError: ``output-not-writable``.
    """
    if path.is_dir():
        raise PublishError(
            "output-not-writable",
            f"cannot write {path}: it is a folder.",
            "Name a file with --out.",
        )
