"""Writing so that a power cut takes nothing back: files, folders, and one rename that replaces nothing.

Every change to an output folder that a result depends on goes through here
(docs/decisions/0013-publishing.md).
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from closedworld.errors import PublishError

if TYPE_CHECKING:
    import pyarrow as pa


_ADVICE: dict[int | None, str] = {
    errno.ENOSPC: "Free some space or choose another --out.",
    errno.EDQUOT: "Your quota is used up: free some space or choose another --out.",
    errno.EFBIG: "A file may not grow that large here: raise the limit (ulimit -f) or choose another --out.",
    errno.EROFS: "The file system is read-only: choose another --out.",
    errno.EACCES: "You may not write there: change the permissions or choose another --out.",
    errno.EPERM: "You may not write there: change the permissions or choose another --out.",
    errno.ENOTDIR: "A part of the path is a file: choose another --out.",
    errno.EEXIST: "A file stands where a folder is needed: choose another --out.",
    errno.EXDEV: "A folder of --out lies on another file system: choose another --out.",
}

_TEMPORARY = "closedworld-temporary-"

# linux/fs.h and fcntl.h.
_RENAME_NOREPLACE = 1
_AT_FDCWD = -100
# What a kernel, a file system or a sandbox says that does not know the flag or the call.
_NOT_KNOWN = {errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM}
# What file systems say that cannot sync a folder, such as some network and FUSE ones.
_NO_FOLDER_SYNC = {errno.EINVAL, errno.EOPNOTSUPP}

# What network and FUSE file systems of macOS say to F_FULLFSYNC.
_NO_FULL_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.ENOTTY}

_SYNCS_AT_ONCE = 8


def write_file(path: Path, content: bytes | pa.Buffer, *, is_synced: bool = True) -> None:
    """Write a new file.

    Args:
        path: Where.
        content: Its bytes.
        is_synced: Wait until they are on the device; else ``sync_files`` must.

    Raises:
        OSError: Likewise when there is one of that name.
    """
    with _opened(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL) as descriptor:
        _write_all(descriptor, memoryview(content).cast("B"))
        if is_synced:
            sync_descriptor(descriptor)


def sync_files(paths: Iterable[Path]) -> None:
    """Wait until the bytes of files are on the device.

    Several at once, and long after they were written: the system has then written most of them by
    itself, and one commit of its journal serves many.
    """
    with ThreadPoolExecutor(_SYNCS_AT_ONCE) as pool:
        for _ in pool.map(_sync_file, paths):
            pass


def sync_descriptor(descriptor: int) -> None:
    """Wait until what was written to an open file or folder is on the device.

    On macOS ``fsync`` leaves it in the cache of the drive; ``F_FULLFSYNC`` does not, where the file
    system knows it.

    Raises:
        OSError: As ``fsync``.
    """
    full: int | None = getattr(fcntl, "F_FULLFSYNC", None)
    if full is not None:
        try:
            fcntl.fcntl(descriptor, full)
        except OSError as error:
            if error.errno not in _NO_FULL_SYNC:
                raise
        else:
            return
    os.fsync(descriptor)


def _sync_file(path: Path) -> None:
    with _opened(path, os.O_RDONLY) as descriptor:
        sync_descriptor(descriptor)


def append_to_file(path: Path, content: bytes) -> None:
    """Add to a file, made when it is not there; what is added need not outlive a power cut."""
    with _opened(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND) as descriptor:
        _write_all(descriptor, memoryview(content))


@contextmanager
def _opened(path: Path | str, flags: int) -> Iterator[int]:
    descriptor = os.open(path, flags | os.O_CLOEXEC, 0o666)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, left: memoryview) -> None:
    while left:
        left = left[os.write(descriptor, left) :]


def make_folders(path: Path) -> None:
    """Make a folder and those above it that are missing, and wait until their names are on the device.

    Raises:
        OSError: Likewise when a file is in the way.
    """
    missing = []
    while not path.is_dir():
        missing.append(path)
        path = path.parent
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


def sync_folder(folder: Path | str) -> None:
    """Wait until the names in a folder are on the device; where that can be asked for."""
    with _opened(folder, os.O_RDONLY | os.O_DIRECTORY) as descriptor:
        try:
            sync_descriptor(descriptor)
        except OSError as error:
            if error.errno not in _NO_FOLDER_SYNC:
                raise


def sync_folders_below(folder: Path) -> None:
    """Wait until the names in all folders below one, deepest first, are on the device."""
    for below, _, _ in os.walk(folder, topdown=False):
        if below != str(folder):
            sync_folder(below)


def rename_new(source: Path, target: Path) -> None:
    """Give a folder a name that nobody has yet, in one step.

    ``rename`` would replace an empty folder in silence. Linux can refuse that; where it cannot (an old
    kernel, some network file systems, other systems), the name is looked at first, and an *empty*
    folder that appears in between is replaced. A folder with anything in it never is.

    Raises:
        FileExistsError: The name is taken.
        OSError: As ``rename``.
    """
    call = _renameat2()
    if call is not None:
        problem = call(source, target)
        if problem == 0:
            return
        if problem not in _NOT_KNOWN:
            raise OSError(problem, os.strerror(problem), str(source), None, str(target))
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    try:
        source.rename(target)
    except OSError as error:
        if error.errno in {errno.ENOTEMPTY, errno.EEXIST}:
            taken = FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
            raise taken from error
        raise


@cache
def _renameat2() -> Callable[[Path, Path], int] | None:
    """Return a call that renames without replacing and returns errno; None where there is none."""
    function = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if function is None:
        return None
    path, number = ctypes.c_char_p, ctypes.c_int
    function.argtypes = (number, path, number, path, ctypes.c_uint)
    function.restype = number

    def call(source: Path, target: Path) -> int:
        names = os.fsencode(source), os.fsencode(target)
        done = function(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_NOREPLACE)
        return 0 if done == 0 else ctypes.get_errno()

    return call


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Yield a folder of the system's temporary files, which goes with the block."""
    with tempfile.TemporaryDirectory(prefix=_TEMPORARY) as folder:
        yield Path(folder)


@contextmanager
def writing_to(path: Path) -> Iterator[None]:
    """Turn an ``OSError`` of the block into the error for a failed write.

    Raises:
        PublishError: ``output-not-writable``.
    """
    try:
        yield
    except OSError as error:
        raise not_writable(path, error) from error


def not_writable(path: Path, error: OSError) -> PublishError:
    """Return the error for a failed write, with advice that fits."""
    temporary = Path(tempfile.gettempdir())
    if path == temporary or any(part.startswith(_TEMPORARY) for part in path.parts):
        return PublishError(
            "output-not-writable",
            f"cannot write temporary files in {temporary}: {error.strerror or error}.",
            "Free some space there, or set TMPDIR to a folder that has more.",
        )
    return PublishError(
        "output-not-writable",
        f"cannot write {path}: {error.strerror or error}.",
        _ADVICE.get(error.errno, "Choose another --out."),
    )
