"""Publishing: files are staged beside their destination and appear all at once.

A staging folder belongs to a living process through a lock on the file beside it. The kernel drops
the lock when the process ends, however it ends, so the next run can tell debris from work. What a dead
run had finished of the very same work is taken up, the rest removed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
import shutil
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Self

from closedworld.errors import IntegrityError, PublishError
from closedworld.sanitize import number_of
from closedworld.store.durable import (
    make_folders,
    not_writable,
    rename_new,
    sync_files,
    sync_folder,
    sync_folders_below,
    write_file,
)
from closedworld.store.journal import FinishedUnit, finished_units, note_finished, open_journal
from closedworld.store.paths import RECEIPT_NAME, STAGING_NAME, stage_folder
from closedworld.store.reading import Published
from closedworld.store.receipt import FileEntry, Receipt, read_receipt

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path, PurePosixPath
    from types import TracebackType

    import pyarrow as pa

_LOCK, _JOURNAL, _SCRATCH = ".lock", ".journal", ".scratch"
_DRAFT = ".draft-"
_NAME = re.compile(r"[a-z]+-[0-9a-f]+")


class Staging:
    """A folder in the making; use as a context manager.

    Leaving the block without ``publish`` removes what was written, unless a unit was noted as finished
    and it was not the output place that failed: then the files wait for the next run.

    Args:
        root: Output folder; made when it does not exist.
        stage: Stage name.
        identity: Stands for everything that decides the bytes. What a dead run of the same identity
            had finished is taken up; nothing is when it is empty.

    Raises:
        PublishError: ``output-not-writable``.
    """

    def __init__(self, root: Path, stage: str, identity: str = "") -> None:
        self._root = root
        self._stage = stage
        self._identity = identity
        self._found: dict[str, FinishedUnit] = {}
        self._finished = 0
        self._is_synced = False

    def __enter__(self) -> Self:
        staging = self._root / STAGING_NAME
        try:
            make_folders(self._root)
            self.folder, self._lock = _locked_folder(staging, self._stage)
            with ExitStack() as on_failure:
                on_failure.callback(self._leave, keep=False)
                self._take_from_the_dead()
                on_failure.pop_all()
        except OSError as error:
            raise not_writable(staging, error) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Where the disk is full, our files are in the way.
        failed_here = isinstance(error, PublishError)
        keep = error is not None and self._finished > 0 and not failed_here
        self._leave(keep=keep)
        if error is not None and keep:
            units = number_of(self._finished, "finished unit is", "finished units are")
            error.add_note(
                f"{units} kept in {self._root / STAGING_NAME}; the same run, started again, takes up from there."
            )

    def scratch(self) -> Path:
        """Return a folder for files that are not part of the result; it goes when staging ends.

        Raises:
            PublishError: ``output-not-writable``.
        """
        path = self.folder.with_suffix(_SCRATCH)
        try:
            path.mkdir(exist_ok=True)
        except OSError as error:
            raise not_writable(path, error) from error
        return path

    def resume(self, units: Collection[str]) -> dict[str, FinishedUnit]:
        """Return those of some units that a dead run had finished; their files are in the folder.

        What else it had finished is removed. To be called before anything is written.

        Args:
            units: Names of the units of the work ahead.
        """
        for name in self._found.keys() - set(units):
            for entry in self._found.pop(name).files:
                (self.folder / entry.path).unlink(missing_ok=True)
        return dict(self._found)

    def note(self, unit: str, files: Sequence[FileEntry], metadata: Mapping[str, Any]) -> None:
        """Take note of a finished unit, so that another run can take it up if this one dies.

        Raises:
            PublishError: ``output-not-writable``.
        """
        if not self._identity:
            return
        journal = self.folder.with_suffix(_JOURNAL)
        try:
            if not self._finished:
                open_journal(journal, self._identity)
            note_finished(journal, FinishedUnit(unit, tuple(files), metadata))
            self._finished += 1
        except OSError as error:
            raise not_writable(journal, error) from error

    def sync(self, files: Iterable[FileEntry]) -> None:
        """Wait until the bytes of files are on the device; remove what lost workers left half written.

        Raises:
            PublishError: ``output-not-writable``.
        """
        try:
            sync_files(self.folder / entry.path for entry in files)
            for draft in self.folder.rglob(f"{_DRAFT}*"):
                draft.unlink()
        except OSError as error:
            raise not_writable(self.folder, error) from error
        self._is_synced = True

    def publish(self, receipt: Receipt) -> Published:
        """Seal the folder and make it visible; its files are synced first, if ``sync`` did not yet.

        Returns:
            The published result: this one, or an equal one that another run has published meanwhile.

        Raises:
            PublishError: ``output-not-writable``, or ``published-differs`` when another run
                published other content under the same hash meanwhile.
            IntegrityError: What stands there has no receipt, a bad one, or is damaged.
        """
        if not self._is_synced:
            self.sync(receipt.files)
        target = stage_folder(self._root, receipt.stage, receipt.parameter_hash)
        try:
            sync_folders_below(self.folder)
            # Last, and after everything that it vouches for.
            write_file(self.folder / RECEIPT_NAME, receipt.to_bytes())
            sync_folder(self.folder)
            make_folders(target.parent)
            is_ours = _renamed(self.folder, target)
            if is_ours:
                sync_folder(target.parent)
                sync_folder(self.folder.parent)
        except OSError as error:
            raise not_writable(target, error) from error
        return Published(target, receipt) if is_ours else _expect_same(target, receipt)

    def _take_from_the_dead(self) -> None:
        """Clear the debris of dead runs, but for the finished units of this very work."""
        for dead in _dead_folders(self._root):
            if self._identity:
                journal = dead.with_suffix(_JOURNAL)
                for unit in finished_units(journal, self._identity, dead):
                    if unit.unit not in self._found:
                        self._move(dead, unit)
            _remove_all(dead)

    def _move(self, dead: Path, unit: FinishedUnit) -> None:
        """Move the files of a finished unit here."""
        for entry in unit.files:
            target = self.folder / entry.path
            target.parent.mkdir(parents=True, exist_ok=True)
            rename_new(dead / entry.path, target)
        self._found[unit.unit] = unit
        self.note(unit.unit, unit.files, unit.metadata)

    def _leave(self, *, keep: bool) -> None:
        """Give the folder up, or leave it to the next run; what cannot be removed keeps its lock file."""
        if keep:
            shutil.rmtree(self.folder.with_suffix(_SCRATCH), ignore_errors=True)
        else:
            _remove_all(self.folder)
        os.close(self._lock)
        _remove_if_empty(self._root / STAGING_NAME)


def stage_file(folder: Path, path: PurePosixPath, content: pa.Buffer, rows: int) -> FileEntry:
    """Write one file of a staging folder and return its entry; may run in any thread or process.

    Its bytes need not be on the device yet: ``Staging.sync`` sees to it. Writing it again, because the
    worker that did so was lost before it could tell, replaces it.

    Raises:
        PublishError: ``output-not-writable``; likewise when the folder is gone, and its run with it.
    """
    target = folder / path
    draft = target.with_name(f"{_DRAFT}{target.name}.{secrets.token_hex(4)}")
    try:
        for above in reversed(path.parents[:-1]):
            (folder / above).mkdir(exist_ok=True)
        write_file(draft, content, is_synced=False)
        draft.replace(target)
    except OSError as error:
        raise not_writable(target, error) from error
    return FileEntry(str(path), content.size, rows, hashlib.sha256(content).hexdigest())


def clear_debris(root: Path, stage: str = "") -> int:
    """Remove staging folders that no living process owns; return how many could be removed.

    Args:
        root: Output folder.
        stage: Only those of a stage; of all when it is empty.
    """
    dead = (folder for folder in _dead_folders(root) if folder.name.startswith(stage))
    cleared = sum(_remove_all(folder) for folder in dead)
    _remove_if_empty(root / STAGING_NAME)
    return cleared


def _dead_folders(root: Path) -> Iterator[Path]:
    """Yield staging folders whose owner is dead, each locked until the next is asked for.

    Folders of other users, whose lock file may not be opened, are left alone.
    """
    names = {path.with_suffix("") for path in (root / STAGING_NAME).glob("*")}
    for folder in sorted(path for path in names if _NAME.fullmatch(path.name)):
        with _locked(folder) as is_dead:
            if is_dead:
                yield folder


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Lock a folder while the block runs; yield False when it is another's, or gone."""
    try:
        # Made when it is not there: a folder that lost its lock file is nobody's.
        lock = os.open(_lock_path(folder), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
    except OSError:
        # Another user's, gone meanwhile, or nothing can be removed here anyway.
        yield False
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        # Its owner lives.
        yield False
    else:
        yield True
    finally:
        os.close(lock)


def _remove_all(folder: Path) -> bool:
    """Remove a staging folder and what lies beside it; return whether nothing of it is left.

    The lock file goes last, and only when all else is gone: without it nobody would look again.
    """
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(folder.with_suffix(_SCRATCH), ignore_errors=True)
    try:
        folder.with_suffix(_JOURNAL).unlink(missing_ok=True)
        if os.path.lexists(folder) or os.path.lexists(folder.with_suffix(_SCRATCH)):
            return False
        _lock_path(folder).unlink(missing_ok=True)
    except OSError:
        return False
    return True


def _remove_if_empty(staging: Path) -> None:
    """Remove the folder of all staging, unless another run has its own there."""
    try:
        staging.rmdir()
    except OSError:
        return


def _locked_folder(staging: Path, stage: str) -> tuple[Path, int]:
    """Return a new folder and the descriptor that locks it."""
    while True:
        staging.mkdir(exist_ok=True)
        folder = staging / f"{stage}-{secrets.token_hex(8)}"
        flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC
        try:
            lock = os.open(_lock_path(folder), flags, 0o644)
        except FileNotFoundError:
            # A run that ended took the empty staging folder with it.
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(lock).st_nlink:
                folder.mkdir()
                return folder, lock
        except BlockingIOError:
            # Another run takes the new file for debris just now.
            os.close(lock)
            continue
        except OSError:
            os.close(lock)
            raise
        os.close(lock)


def _lock_path(folder: Path) -> Path:
    """Return the lock file of a staging folder."""
    return folder.with_suffix(_LOCK)


def _renamed(folder: Path, target: Path) -> bool:
    """Make a folder visible; return False when there is something of that name."""
    try:
        rename_new(folder, target)
    except FileExistsError:
        return False
    return True


def _expect_same(target: Path, receipt: Receipt) -> Published:
    """Return a result that is already there when it is the same, whole, and so a success.

    The same values in other bytes are the same: another version of the program may have written them.
    """
    try:
        there = Published(target, read_receipt(target))
        there.verify()
    except IntegrityError as error:
        hint = "Delete the folder, or move it away, and run again."
        raise IntegrityError(error.code, error.message, hint) from error
    if not there.receipt.has_values_of(receipt):
        raise PublishError(
            "published-differs",
            f"{target} holds another result under the same hash: "
            f"{receipt.differences(there.receipt)}.",
            "One of the two is wrong: move it away, run again, and compare them.",
        )
    return there
