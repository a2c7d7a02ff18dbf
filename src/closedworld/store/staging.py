"""Publishing: files are staged beside their destination and appear all at once.

A staging folder belongs to a living process through a lock beside it. The lock ends with the
process, however that ends, so the next run can tell debris from work. What a dead run had finished of
the very same work is kept, the rest removed.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any, BinaryIO, Self

from closedworld.errors import IntegrityError, PublishError
from closedworld.sanitize import number_of
from closedworld.store.durable import writing_to
from closedworld.store.journal import FinishedTask, finished_tasks, open_journal, record_finished
from closedworld.store.paths import STAGING_NAME, result_key
from closedworld.store.protocol import Content, Storage
from closedworld.store.reading import Published
from closedworld.store.receipt import FileEntry, Receipt, read_receipt

_LOCK, _JOURNAL, _SCRATCH = ".lock", ".journal", ".scratch"
_NAME = re.compile(r"[a-z]+-[0-9a-f]+")


class Staging:
    """A folder in the making; use as a context manager.

    Leaving the block without ``publish`` removes what was written, unless a task was recorded as
    finished and it was not the output place that failed: then the files wait for the next run.

    Args:
        storage: Where the result is to be.
        stage: Stage name.
        identity: Stands for everything that decides the bytes. What a dead run of the same identity
            had finished is used; nothing is when it is empty.

    Raises:
        PublishError: ``output-not-writable``.
    """

    def __init__(self, storage: Storage, stage: str, identity: str = "") -> None:
        self._storage = storage
        self._stage = stage
        self._identity = identity
        self._found: dict[str, FinishedTask] = {}
        self._finished = 0
        self._is_synced = False

    def __enter__(self) -> Self:
        with writing_to(self._storage.root / STAGING_NAME):
            self._name, self._lock = _new_name(self._storage, self._stage)
            with ExitStack() as on_failure:
                on_failure.callback(self._leave, keep=False)
                self._storage.make_folder(self._name)
                self._take_from_the_dead()
                on_failure.pop_all()
        return self

    @property
    def folder(self) -> Storage:
        """The folder in the making."""
        return self._storage.below(self._name)

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
            tasks = number_of(self._finished, "finished task is", "finished tasks are")
            error.add_note(
                f"{tasks} kept in {self._storage.root / STAGING_NAME}; the same run, started again, resumes from there."
            )

    def scratch(self) -> Path:
        """Return a folder for files that are not part of the result; it goes when staging ends.

        Raises:
            PublishError: ``output-not-writable``.
        """
        with writing_to(self._storage.root / STAGING_NAME):
            return self._storage.scratch(self._name + _SCRATCH)

    def resume(self, tasks: Collection[str]) -> dict[str, FinishedTask]:
        """Return those of some tasks that a dead run had finished; their files are in the folder.

        What else it had finished is removed. To be called before anything is written.

        Args:
            tasks: Names of the tasks of the work ahead.
        """
        for name in self._found.keys() - set(tasks):
            for entry in self._found.pop(name).files:
                self._storage.remove(f"{self._name}/{entry.path}")
        return dict(self._found)

    def record_finished(
        self, task: str, files: Sequence[FileEntry], metadata: Mapping[str, Any]
    ) -> None:
        """Record a finished task, so that another run can resume from it if this one dies.

        Raises:
            PublishError: ``output-not-writable``.
        """
        if not self._identity:
            return
        journal = self._name + _JOURNAL
        with writing_to(self._storage.root / journal):
            if not self._finished:
                open_journal(self._storage, journal, self._identity)
            record_finished(self._storage, journal, FinishedTask(task, tuple(files), metadata))
            self._finished += 1

    def sync(self, files: Iterable[FileEntry]) -> None:
        """Wait until the bytes of files are on the device.

        Raises:
            PublishError: ``output-not-writable``.
        """
        with writing_to(self._storage.root / self._name):
            self._storage.sync(f"{self._name}/{entry.path}" for entry in files)
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
        target = result_key(receipt.stage, receipt.parameter_hash)
        result = self._storage.below(target)
        with writing_to(result.root):
            is_ours = self._storage.commit(self._name, target, receipt.to_bytes())
        return Published(result, receipt) if is_ours else _expect_same(result, receipt)

    def _take_from_the_dead(self) -> None:
        """Clear the debris of dead runs, but for the finished tasks of this very work."""
        for dead in _dead_folders(self._storage):
            if self._identity:
                for task in finished_tasks(self._storage, dead + _JOURNAL, self._identity, dead):
                    if task.name not in self._found:
                        self._move(dead, task)
            _remove_all(self._storage, dead)

    def _move(self, dead: str, task: FinishedTask) -> None:
        for entry in task.files:
            self._storage.move(f"{dead}/{entry.path}", f"{self._name}/{entry.path}")
        self._found[task.name] = task
        self.record_finished(task.name, task.files, task.metadata)

    def _leave(self, *, keep: bool) -> None:
        """Give the folder up, or leave it to the next run; what cannot be removed keeps its lock file."""
        if keep:
            self._storage.remove(self._name + _SCRATCH)
        else:
            _remove_all(self._storage, self._name)
        self._lock.close()
        self._storage.remove_if_empty(STAGING_NAME)


def stage_file(folder: Storage, path: PurePosixPath, content: Content, rows: int) -> FileEntry:
    """Write one file of a staging folder and return its entry; may run in any thread or process.

    Its bytes need not be on the device yet: ``Staging.sync`` sees to it. Writing it again, because the
    worker that did so was lost before it could tell, replaces it.

    Raises:
        PublishError: ``output-not-writable``; likewise when the folder is gone, and its run with it.
    """
    with writing_to(folder.root / path):
        try:
            folder.put(str(path), content)
        except FileNotFoundError as error:
            raise PublishError(
                "output-not-writable",
                f"cannot write {folder.root / path}: this worker does not see its folder, or its run has ended.",
                "With --executor dask, --out must lie on a file system that all workers share.",
            ) from error
    view = memoryview(content)
    return FileEntry(str(path), view.nbytes, rows, hashlib.sha256(view).hexdigest())


def replace_whole(storage: Storage, key: str, content: bytes) -> None:
    """Write a single file beside the results, durably, in place of one that is there.

    It is made in the staging folder, where the next run finds what a dead one has left.

    Raises:
        PublishError: ``output-not-writable``.
    """
    with writing_to(storage.root / key):
        name, lock = _new_name(storage, PurePosixPath(key).parts[0])
        try:
            storage.put(f"{name}/new", content)
            storage.sync([f"{name}/new"])
            storage.replace(f"{name}/new", key)
        finally:
            _remove_all(storage, name)
            lock.close()
            storage.remove_if_empty(STAGING_NAME)


def clear_debris(storage: Storage, stage: str = "") -> int:
    """Remove staging folders that no living process owns; return how many could be removed.

    Args:
        storage: Where results are.
        stage: Only those of a stage; of all when it is empty.
    """
    cleared = sum(_remove_all(storage, name) for name in _dead_folders(storage, stage))
    storage.remove_if_empty(STAGING_NAME)
    return cleared


def _dead_folders(storage: Storage, stage: str = "") -> Iterator[str]:
    """Yield staging folders whose owner is dead, each locked until the next is asked for.

    Folders of other users, whose lock may not be taken, are left alone. Who asks for one has to remove it:
    taking the lock of a folder that has gone meanwhile makes the file anew.
    """
    try:
        found = storage.list(STAGING_NAME)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    names = {PurePosixPath(name).stem for name in found}
    for name in sorted(one for one in names if _NAME.fullmatch(one) and one.startswith(stage)):
        try:
            # A folder that lost its lock is nobody's.
            lock = storage.lock(f"{STAGING_NAME}/{name}{_LOCK}")
        except OSError:
            # Another user's, or nothing can be removed here anyway.
            continue
        if lock is not None:
            try:
                yield f"{STAGING_NAME}/{name}"
            finally:
                lock.close()


def _remove_all(storage: Storage, name: str) -> bool:
    """Remove a staging folder and what lies beside it; return whether nothing of it is left.

    The lock goes last, and only when all else is gone: without it nobody would look again.
    """
    gone = [storage.remove(name + suffix) for suffix in ("", _SCRATCH, _JOURNAL)]
    return all(gone) and storage.remove(name + _LOCK)


def _new_name(storage: Storage, stage: str) -> tuple[str, BinaryIO]:
    while True:
        name = f"{STAGING_NAME}/{stage}-{secrets.token_hex(8)}"
        lock = storage.lock(name + _LOCK)
        # Another run may take the new lock for debris just now.
        if lock is not None:
            return name, lock


def _expect_same(result: Storage, receipt: Receipt) -> Published:
    """Return a result that is already there when it is the same, whole, and so a success.

    The same values in other bytes are the same: another version of the program may have written them.
    """
    try:
        there = Published(result, read_receipt(result))
        there.verify()
    except IntegrityError as error:
        hint = "Delete the folder, or move it away, and run again."
        raise IntegrityError(error.code, error.message, hint) from error
    if not there.receipt.has_values_of(receipt):
        raise PublishError(
            "published-differs",
            f"{there.folder} holds another result under the same hash: "
            f"{receipt.differences(there.receipt)}.",
            "One of the two is wrong: move it away, run again, and compare them.",
        )
    return there
