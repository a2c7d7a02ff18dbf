"""Finding published results by the path that a user gives."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from closedworld.errors import ConfigError, IntegrityError
from closedworld.sanitize import one_line
from closedworld.store.paths import HASH_PREFIX
from closedworld.store.places import storage_at
from closedworld.store.protocol import Storage
from closedworld.store.reading import Published, has_receipt, open_result

if TYPE_CHECKING:
    import pyarrow.dataset as pads

_FEW = 3
_BRIEF_LENGTH = 60


def open_published(path: Path | str, stage: str | None = None) -> Published:
    """Return the one published result at or below a path.

    Args:
        path: An output folder, a stage folder or a ``parameter_hash=...`` folder.
        stage: Look at results of this stage only, such as ``tiles`` or ``weights``.

    Raises:
        IntegrityError: ``receipt-missing``, ``published-under-another-hash``, or a bad receipt.
        ConfigError: ``path-missing``; ``published-several`` when there is more than one to choose
            from.
    """
    found = find_published(path)
    if stage is not None:
        found = [one for one in found if one.receipt.stage == stage]
    if not found:
        raise _missing(path, stage or "result")
    return _only(found, path, "results")


def find_published(path: Path | str) -> list[Published]:
    """Return every published result in a folder, ordered by folder.

    Args:
        path: A ``parameter_hash=...`` folder, a stage folder or an output folder.

    Raises:
        ConfigError: ``path-missing``, ``path-unreadable``.
        IntegrityError: ``published-under-another-hash``, or a bad receipt.
    """
    storage = storage_at(path)
    try:
        below = [storage] if has_receipt(storage) else result_folders(storage)
        found = [folder for folder in below if has_receipt(folder)]
    except FileNotFoundError:
        raise ConfigError("path-missing", f"{path} does not exist.", "Check the path.") from None
    except OSError as error:
        raise ConfigError(
            "path-unreadable", f"{path} cannot be read: {error.strerror}.", "Check its permissions."
        ) from error
    return [open_result(one) for one in found]


def result_folders(storage: Storage) -> list[Storage]:
    """Return the folders named like results, with a receipt or without, in a folder or one folder below.

    Raises:
        FileNotFoundError: There is no such folder.
        OSError: It may not be looked at.
    """
    try:
        top = [name.rstrip("/") for name in storage.list()]
    except NotADirectoryError:
        return []
    keys = [PurePosixPath(name) for name in top]
    for name in top:
        # Another's folder, or a file; a link to a folder is looked into.
        with suppress(PermissionError, NotADirectoryError, FileNotFoundError):
            keys += [PurePosixPath(name, below) for below in storage.list(name)]
    hashed = sorted(key for key in keys if key.name.startswith(HASH_PREFIX))
    return [storage.below(str(key)) for key in hashed]


def open_dataset(
    path: Path | str, name: str = "tile_index", *, verify: bool = False
) -> pads.Dataset:
    """Return a published dataset, ready to scan, filter or turn into a table.

    Args:
        path: An output folder, a stage folder or a ``parameter_hash=...`` folder; one result there
            must hold the dataset.
        name: Such as ``tile_index`` or ``tile_weights``.
        verify: Check all files of the result against the receipt first.

    Raises:
        ConfigError: ``dataset-unknown`` or ``published-several``.
        IntegrityError: As ``open_published`` and, with ``verify``, as ``Published.verify``.
    """
    published = _only(find_holding(path, name), path, f"results with {name}")
    if verify:
        published.verify()
    return published.dataset(name)


def find_holding(path: Path | str, name: str) -> list[Published]:
    """Return every published result in a folder that holds a dataset; any result without a name.

    Raises:
        ConfigError: ``dataset-unknown``, or as ``find_published``.
        IntegrityError: ``receipt-missing``, or as ``find_published``.
    """
    every = find_published(path)
    if not every:
        raise _missing(path, "result")
    found = [one for one in every if not name or name in one.receipt.datasets()]
    if not found:
        names = sorted({held for one in every for held in one.receipt.datasets()})
        raise ConfigError(
            "dataset-unknown", f"{path} holds no dataset {name!r}.", f"It holds {', '.join(names)}."
        )
    return found


def _missing(path: Path | str, what: str) -> IntegrityError:
    return IntegrityError(
        "receipt-missing",
        f"{path} holds no published {what}.",
        "Give the --out folder of a finished `closedworld run`.",
    )


def _only(found: Sequence[Published], path: Path | str, several: str) -> Published:
    if len(found) > 1:
        choices = "; ".join(
            f"{one.folder} ({told})" for one, told in zip(found, _told_apart(found), strict=True)
        )
        raise ConfigError(
            "published-several",
            f"{path} holds {len(found)} {several}.",
            f"Give the folder of one of them instead: {choices}.",
        )
    return found[0]


def _told_apart(found: Sequence[Published]) -> list[str]:
    """Return, for each of several results, the parameters in which they differ, in words."""
    flat = [_flat(one.receipt.parameters, "") | {"stage": one.receipt.stage} for one in found]
    names = sorted({name for one in flat for name in one})
    differing = [name for name in names if len({str(one.get(name)) for one in flat}) > 1]
    return [
        ", ".join(f"{name} {_briefly(one.get(name))}" for name in differing)
        or "the same parameters"
        for one in flat
    ]


def _flat(content: Mapping[str, Any], before: str) -> dict[str, Any]:
    """Return parameters by name, those of tables within as ``table name``."""
    flat: dict[str, Any] = {}
    for name, value in content.items():
        words = f"{before}{name.replace('_', ' ')}"
        flat.update(_flat(value, f"{words} ") if isinstance(value, dict) else {words: value})
    return flat


def _briefly(value: Any) -> str:
    """Return a parameter in a few characters: long lists by their number, digests by their start."""
    if isinstance(value, list):
        few = ", ".join(map(str, value[:_FEW]))
        text = few if len(value) <= _FEW else f"{few} and {len(value) - _FEW} more"
    else:
        text = "none" if value is None else str(value)
    is_digest = re.fullmatch("[0-9a-f]{64}", text) is not None
    return f"{text[:8]}..." if is_digest else one_line(text, _BRIEF_LENGTH)
