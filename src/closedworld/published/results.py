"""Finding published results by the path that a user gives.

A path may be an output folder, one of its stages, one result, or a name, ``<out>/names/<name>``. Where one
result is wanted and there are several, it is that of ``<out>/names/latest``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from closedworld.config.options import LATEST
from closedworld.errors import ConfigError, IntegrityError
from closedworld.published.names import named_results, read_name, split_named
from closedworld.sanitize import one_line
from closedworld.store.local import storage_at
from closedworld.store.paths import HASH_PREFIX
from closedworld.store.protocol import Storage
from closedworld.store.reading import Published, has_receipt, open_result

if TYPE_CHECKING:
    import pyarrow.dataset as pads

_FEW = 3
_BRIEF_LENGTH = 60


def open_published(path: Path | str, stage: str | None = None) -> Published:
    """Return the published result at or below a path; of several the latest.

    Args:
        path: An output folder, a stage folder, a ``parameter_hash=...`` folder or a name.
        stage: Look at results of this stage only, such as ``tiles`` or ``weights``.

    Raises:
        IntegrityError: ``receipt-missing``, ``published-under-another-hash``, or a bad receipt.
        ConfigError: ``path-missing``; ``published-several`` when there is more than one to choose
            from and none is the latest; or as ``named_results``.
    """
    found = choose_published(path)
    if stage is not None:
        found = [one for one in found if one.receipt.stage == stage]
    if not found:
        raise _missing(path, stage or "result")
    return _only(found, path, "results")


def choose_published(path: Path | str) -> list[Published]:
    """Return the published results to use at a path: all, or the latest where a stage has several.

    Raises:
        ConfigError, IntegrityError: As ``find_published`` and ``named_results``.
    """
    found = find_published(path)
    stages = [one.receipt.stage for one in found]
    if len(set(stages)) == len(stages):
        return found
    output = storage_at(found[0].output)
    if not read_name(output, LATEST):
        return found
    latest = named_results(output, LATEST)
    return [one for one in found if one.receipt in [own.receipt for own in latest]]


def find_published(path: Path | str) -> list[Published]:
    """Return every published result in a folder, ordered by folder.

    Args:
        path: An output folder, a stage folder, a ``parameter_hash=...`` folder or a name.

    Raises:
        ConfigError: ``path-missing``, ``path-unreadable``, or as ``named_results``.
        IntegrityError: ``published-under-another-hash``, or a bad receipt.
    """
    named = split_named(Path(path))
    if named is not None:
        return named_results(storage_at(named[0]), named[1])
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
        path: As in ``open_published``; of several results with the dataset it is the latest.
        name: Such as ``tile_index`` or ``tile_weights``.
        verify: Check all files of the result against the receipt first.

    Raises:
        ConfigError: ``dataset-unknown`` or ``published-several``.
        IntegrityError: As ``open_published`` and, with ``verify``, as ``Published.verify``.
    """
    published = open_holding(path, name)
    if verify:
        published.verify()
    return published.dataset(name)


def open_holding(path: Path | str, name: str) -> Published:
    """Return the published result at or below a path that holds a dataset; of several the latest.

    Raises:
        ConfigError, IntegrityError: As ``find_holding`` and ``open_published``.
    """
    return _only(_holding(choose_published(path), path, name), path, f"results with {name}")


def find_holding(path: Path | str, name: str) -> list[Published]:
    """Return every published result in a folder that holds a dataset; any result without a name.

    Raises:
        ConfigError: ``dataset-unknown``, or as ``find_published``.
        IntegrityError: ``receipt-missing``, or as ``find_published``.
    """
    return _holding(find_published(path), path, name)


def _holding(every: Sequence[Published], path: Path | str, name: str) -> list[Published]:
    require_any(every, path)
    found = [one for one in every if not name or name in one.receipt.datasets()]
    if not found:
        names = sorted({held for one in every for held in one.receipt.datasets()})
        raise ConfigError(
            "dataset-unknown", f"{path} holds no dataset {name!r}.", f"It holds {', '.join(names)}."
        )
    return found


def require_any(found: Sequence[Published], path: Path | str) -> Sequence[Published]:
    """Return results that were found at a path.

    Raises:
        IntegrityError: ``receipt-missing`` when there is none.
    """
    if not found:
        raise _missing(path, "result")
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
            f"{one.folder} ({what})" for one, what in zip(found, _distinctions(found), strict=True)
        )
        raise ConfigError(
            "published-several",
            f"{path} holds {len(found)} {several}.",
            f"Give the folder of one of them instead: {choices}.",
        )
    (only,) = found
    return only


def _distinctions(found: Sequence[Published]) -> list[str]:
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
