"""Publishing: files are staged beside their destination and appear all at once.

A staging folder belongs to a living process through a lock on the file beside it. The kernel drops
the lock when the process ends, however it ends, so the next run can tell debris from work.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import secrets
import shutil
from typing import TYPE_CHECKING, Self

from closedworld.datasets.paths import RECEIPT_NAME, STAGING_NAME, stage_folder
from closedworld.datasets.receipt import FileEntry, Receipt, read_receipt
from closedworld.errors import IntegrityError, PublishError

if TYPE_CHECKING:
    from pathlib import Path, PurePosixPath
    from types import TracebackType

    import pyarrow as pa

_ADVICE = {
    errno.ENOSPC: "Free some space or choose another --out.",
    errno.EDQUOT: "Your quota is used up: free some space or choose another --out.",
    errno.EROFS: "The file system is read-only: choose another --out.",
    errno.EACCES: "You may not write there: change the permissions or choose another --out.",
    errno.EPERM: "You may not write there: change the permissions or choose another --out.",
    errno.ENOTDIR: "A part of the path is a file: choose another --out.",
    errno.EEXIST: "A file stands where a folder is needed: choose another --out.",
}


class Staging:
    """A folder in the making; use as a context manager.

    Leaving the block without ``publish`` removes what was written.

    Args:
        root: Output folder; made when it does not exist.
        stage: Stage name.

    Raises:
        PublishError: ``output-not-writable``.
    """

    def __init__(self, root: Path, stage: str) -> None:
        self._root = root
        self._stage = stage

    def __enter__(self) -> Self:
        staging = self._root / STAGING_NAME
        try:
            clear_debris(self._root)
            self.folder, self._lock = _locked_folder(staging, self._stage)
        except OSError as error:
            raise not_writable(staging, error) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(_scratch_path(self.folder), ignore_errors=True)
        _lock_path(self.folder).unlink(missing_ok=True)
        os.close(self._lock)
        try:
            (self._root / STAGING_NAME).rmdir()
        except OSError:
            # Another run has its staging there.
            return

    def scratch(self) -> Path:
        """Return a folder for files that are not part of the result; it goes when staging ends.

        Raises:
            PublishError: ``output-not-writable``.
        """
        path = _scratch_path(self.folder)
        try:
            path.mkdir(exist_ok=True)
        except OSError as error:
            raise not_writable(path, error) from error
        return path

    def publish(self, receipt: Receipt) -> Path:
        """Seal the folder and make it visible.

        Returns:
            The published folder.

        Raises:
            PublishError: ``output-not-writable``, or ``published-differs`` when another run
                published other content under the same hash meanwhile; an equal one is kept.
            IntegrityError: What stands there has no receipt, or a bad one.
        """
        target = stage_folder(self._root, receipt.stage, receipt.parameter_hash)
        try:
            write_file(self.folder / RECEIPT_NAME, receipt.to_bytes())
            for folder, _, _ in os.walk(self.folder, topdown=False):
                sync_folder(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                self.folder.rename(target)
            except OSError as error:
                if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
                    raise
                _expect_same(target, receipt)
            sync_folder(target.parent)
            sync_folder(self._root)
        except OSError as error:
            raise not_writable(target, error) from error
        return target


def stage_file(folder: Path, path: PurePosixPath, content: pa.Buffer, rows: int) -> FileEntry:
    """Write one file of a staging folder and return its entry; may run in any thread or process.

    Raises:
        PublishError: ``output-not-writable``.
    """
    target = folder / path
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_file(target, content)
    except OSError as error:
        raise not_writable(target, error) from error
    return FileEntry(str(path), content.size, rows, hashlib.sha256(content).hexdigest())


def write_file(path: Path, content: bytes | pa.Buffer) -> None:
    """Write a new file and wait until its bytes are on the device."""
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path | str) -> None:
    """Wait until the names in a folder are on the device."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def clear_debris(root: Path) -> int:
    """Remove staging folders that no living process owns; return how many."""
    cleared = 0
    for lock_path in sorted((root / STAGING_NAME).glob("*.lock")):
        try:
            lock = os.open(lock_path, os.O_RDWR)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            folder = lock_path.with_suffix("")
            shutil.rmtree(folder, ignore_errors=True)
            shutil.rmtree(_scratch_path(folder), ignore_errors=True)
            lock_path.unlink(missing_ok=True)
            cleared += 1
        except BlockingIOError:
            # Its owner lives.
            continue
        finally:
            os.close(lock)
    return cleared


def not_writable(path: Path, error: OSError) -> PublishError:
    """Return the error for a failed write, with advice that fits."""
    return PublishError(
        "output-not-writable",
        f"cannot write {path}: {error.strerror or error}.",
        _ADVICE.get(error.errno or 0, "Choose another --out."),
    )


def _locked_folder(staging: Path, stage: str) -> tuple[Path, int]:
    """Return a new folder and the descriptor that locks it."""
    while True:
        staging.mkdir(parents=True, exist_ok=True)
        folder = staging / f"{stage}-{secrets.token_hex(8)}"
        try:
            lock = os.open(_lock_path(folder), os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o644)
        except FileNotFoundError:
            # A run that ended took the empty staging folder with it.
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # Another run takes the new file for debris just now.
            os.close(lock)
            continue
        if os.fstat(lock).st_nlink:
            folder.mkdir()
            return folder, lock
        os.close(lock)


def _lock_path(folder: Path) -> Path:
    """Return the lock file of a staging folder."""
    return folder.with_suffix(".lock")


def _scratch_path(folder: Path) -> Path:
    """Return the folder for the other files of a staging folder."""
    return folder.with_suffix(".scratch")


def _expect_same(target: Path, receipt: Receipt) -> None:
    """Accept a result that is already there when it is the same."""
    try:
        there = read_receipt(target)
    except IntegrityError as error:
        hint = "Delete the folder, or move it away, and run again."
        raise IntegrityError(error.code, error.message, hint) from error
    if there != receipt:
        ours = {entry.path: entry.sha256 for entry in receipt.files}
        theirs = {entry.path: entry.sha256 for entry in there.files}
        differing = sorted(
            path for path in ours.keys() | theirs.keys() if ours.get(path) != theirs.get(path)
        )
        what = ", ".join(differing[:3]) or "its totals or versions"
        raise PublishError(
            "published-differs",
            f"{target} holds another result under the same hash; {len(differing)} files differ: "
            f"{what}.",
            "It was written by other library versions, or changed: move it away and run again.",
        )
