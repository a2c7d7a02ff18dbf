"""The journal of a staging folder: which units are finished, so that a later run can take them up."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from closedworld.store.receipt import FileEntry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from closedworld.store.protocol import Storage

_FORMAT = 2


@dataclass(frozen=True, slots=True)
class FinishedUnit:
    """A unit of work whose files are on the device.

    Attributes:
        unit: Its name.
        files: The files that it wrote.
        facts: What else its run has to know of it, as JSON holds it.
    """

    unit: str
    files: tuple[FileEntry, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)


def open_journal(storage: Storage, key: str, identity: str) -> None:
    """Begin a journal; nothing needs to be synced, because a lost line loses only work."""
    header = json.dumps({"journal_format": _FORMAT, "identity": identity})
    storage.append(key, f"{header}\n".encode())


def note_finished(storage: Storage, key: str, unit: FinishedUnit) -> None:
    """Add a unit."""
    line = json.dumps(
        {"unit": unit.unit, "files": [asdict(file) for file in unit.files], "facts": unit.metadata}
    )
    storage.append(key, f"{_check_sum(line.encode())} {line}\n".encode())


def finished_units(
    storage: Storage, key: str, identity: str, folder: str
) -> Iterator[FinishedUnit]:
    """Yield the units of a journal whose files are there and have their digests.

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
        unit = _unit(_parsed(line)) if check_sum.decode("latin-1") == _check_sum(line) else None
        if unit is not None and all(
            storage.is_whole(f"{folder}/{entry.path}", entry.size_bytes, entry.sha256)
            for entry in unit.files
        ):
            yield unit


def _check_sum(line: bytes) -> str:
    """Return the digest that a line begins with: its facts are sealed by nothing else."""
    return hashlib.sha256(line).hexdigest()


def _parsed(line: bytes) -> Any:
    """Return what a line holds; None when it is not JSON."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _unit(content: Any) -> FinishedUnit | None:
    """Return the unit that a line states; None when it states none."""
    try:
        files = tuple(FileEntry(**entry) for entry in content["files"])
        return FinishedUnit(str(content["unit"]), files, dict(content["facts"]))
    except (KeyError, TypeError, ValueError):
        return None
