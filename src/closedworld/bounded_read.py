"""Reading files that ought to be small: run files, locks, receipts, members of archives."""

from __future__ import annotations

import errno
import os
import stat
import tomllib
from io import BufferedIOBase, BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Any

from closedworld.errors import ConfigError
from closedworld.sanitize import library_message

if TYPE_CHECKING:
    from zipfile import ZipInfo

_SMALL_BYTES = 1 << 26
_MAX_RATIO = 200


def read_small_file(path: Path) -> bytes:
    """Return the content of a regular file of at most 1 MiB; no pipe is waited for.

    Raises:
        OSError: As ``open_regular``, or the file is larger (EFBIG).
    """
    with open_regular(path) as file:
        return read_bounded(file, 1 << 20)


def read_toml(path: Path) -> dict[str, Any]:
    """Return the content of a small TOML file.

    Raises:
        ConfigError: ``config-missing``, ``config-syntax``.
    """
    try:
        return tomllib.loads(read_small_file(path).decode())
    except OSError as error:
        raise ConfigError("config-missing", f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        # ValueError: what tomllib and the decoding raise, and numbers of too many digits.
        raise ConfigError(
            "config-syntax", f"{path} is not TOML: {library_message(error)}."
        ) from error


def read_bounded(file: BufferedIOBase, most_bytes: int) -> bytes:
    """Return the rest of an open file.

    Raises:
        OSError: It cannot be read, or is larger (EFBIG).
    """
    content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    return content


def open_regular(path: Path) -> BufferedReader:
    """Open a regular file for reading.

    Raises:
        OSError: It cannot be read, or is a folder (EISDIR), a pipe or a device (EINVAL).
    """
    # A pipe without a writer would block the opening for ever.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    kind = os.fstat(descriptor).st_mode
    if stat.S_ISREG(kind):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    number = errno.EISDIR if stat.S_ISDIR(kind) else errno.EINVAL
    raise OSError(
        number, "Is a directory" if stat.S_ISDIR(kind) else "Not a regular file", str(path)
    )


def is_zip_bomb(member: ZipInfo) -> bool:
    """Return whether a member unpacks to more than 64 MiB and more than 200 times its packed size."""
    return member.file_size > max(_SMALL_BYTES, _MAX_RATIO * member.compress_size)
