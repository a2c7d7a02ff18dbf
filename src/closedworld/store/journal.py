"""The journal of a staging folder: which tasks are finished, so that a later run can resume from them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from closedworld.store.protocol import Storage
from closedworld.store.receipt import FileEntry

_FORMAT = 2


@dataclass(frozen=True, slots=True)
class FinishedTask:
    """A task that was done.

    Attributes:
        name: Name of the task.
        files: The files that it wrote.
        metadata: What else a run has to know of it, as JSON holds it.
    """

    name: str
    files: tuple[FileEntry, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)


def open_journal(storage: Storage, key: str, identity: str) -> None:
    """Begin a journal; nothing needs to be synced, because a lost line loses only work."""
    header = json.dumps({"journal_format": _FORMAT, "identity": identity})
    storage.append(key, f"{header}\n".encode())


def record_finished(storage: Storage, key: str, task: FinishedTask) -> None:
    """Add a task."""
    line = json.dumps(
        {"unit": task.name, "files": [asdict(file) for file in task.files], "facts": task.metadata}
    )
    storage.append(key, f"{_check_sum(line.encode())} {line}\n".encode())


def finished_tasks(
    storage: Storage, key: str, identity: str, folder: str
) -> Iterator[FinishedTask]:
    """Yield the tasks of a journal whose files are there and have their digests.

    A journal of another identity, or none that can be read, has none; a line that is torn is skipped.
    """
    try:
        with storage.open(key) as file:
            lines = file.read().split(b"\n")
    except OSError:
        return
    header = _parsed(lines[0])
    if header != {"journal_format": _FORMAT, "identity": identity}:
        return
    for checked in lines[1:]:
        check_sum, _, line = checked.partition(b" ")
        task = _task(_parsed(line)) if check_sum.decode("latin-1") == _check_sum(line) else None
        if task is not None and all(
            storage.is_whole(f"{folder}/{entry.path}", entry.size_bytes, entry.sha256)
            for entry in task.files
        ):
            yield task


def _check_sum(line: bytes) -> str:
    """Return the digest that a line begins with: its facts are sealed by nothing else."""
    return hashlib.sha256(line).hexdigest()


def _parsed(line: bytes) -> Any:
    """Return what a line holds; None when it is not JSON."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _task(content: Any) -> FinishedTask | None:
    """Return the task that a line states; None when it states none."""
    try:
        files = tuple(FileEntry(**entry) for entry in content["files"])
        return FinishedTask(str(content["unit"]), files, dict(content["facts"]))
    except (KeyError, TypeError, ValueError):
        return None
