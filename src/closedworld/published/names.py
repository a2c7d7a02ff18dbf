"""Names of results: ``names/<name>`` in an output folder says which results a name stands for.

A name is no part of a result: receipts do not know it, and the same inputs give the same bytes under any
(docs/decisions/0024-names.md).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from closedworld.bounded_read import read_bounded
from closedworld.config.options import NAME
from closedworld.errors import ConfigError, IntegrityError
from closedworld.sanitize import one_line, quoted
from closedworld.store.local import storage_at
from closedworld.store.paths import NAMES_FOLDER, hash_of_key, result_key
from closedworld.store.protocol import Storage
from closedworld.store.reading import Published, has_receipt, open_result
from closedworld.store.staging import clear_debris, replace_whole

_MOST_BYTES = 1 << 16


def give_name(storage: Storage, name: str, results: Iterable[Published]) -> Mapping[str, str]:
    """Let a name stand for results, whatever it stood for before.

    Args:
        storage: The output folder.
        name: A valid name.
        results: At most one of each stage; those that lie in another output folder are left out.

    Returns:
        The keys of the results that it stood for before, by stage; empty when it is new.

    Raises:
        PublishError: ``output-not-writable``.
    """
    keys = {}
    for one in results:
        key = result_key(one.receipt.stage, one.receipt.parameter_hash)
        if has_receipt(storage.below(key)):
            keys[one.receipt.stage] = key
    try:
        before = read_name(storage, name)
    except IntegrityError:
        before = {}
    if before != keys:
        replace_whole(storage, f"{NAMES_FOLDER}/{name}", f"{json.dumps(keys, indent=1)}\n".encode())
    clear_debris(storage, NAMES_FOLDER)
    return before


def read_name(storage: Storage, name: str) -> Mapping[str, str]:
    """Return the keys of the results that a name stands for, by stage; none when nobody has the name.

    Raises:
        IntegrityError: ``name-unreadable``.
    """
    path = storage.root / NAMES_FOLDER / name
    try:
        with storage.open(f"{NAMES_FOLDER}/{name}") as file:
            content = json.loads(read_bounded(file, _MOST_BYTES))
        if all(hash_of_key(stage, key) for stage, key in content.items()):
            return dict(content)
        problem = "a key is not that of a result"
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        problem = str(error)
    raise IntegrityError(
        "name-unreadable",
        f"{path} names no results: {one_line(problem, 200)}.",
        "Delete the file, and give the name again with --name.",
    )


def names_in(storage: Storage) -> dict[str, Mapping[str, str]]:
    """Return what every name of an output folder stands for, as ``read_name``, ascending by name.

    Raises:
        IntegrityError: ``name-unreadable``.
    """
    try:
        found = storage.list(NAMES_FOLDER)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    return {name: read_name(storage, name) for name in found if NAME.fullmatch(name)}


def names_of(published: Published) -> list[str]:
    """Return the names that stand for a result, ascending.

    Raises:
        IntegrityError: ``name-unreadable``.
    """
    key = result_key(published.receipt.stage, published.receipt.parameter_hash)
    names = names_in(storage_at(published.output))
    return [name for name, keys in names.items() if key in keys.values()]


def named_results(storage: Storage, name: str) -> list[Published]:
    """Return the results that a name stands for, in the order of the stages.

    Raises:
        ConfigError: ``name-unknown``; ``name-stale`` when one of them is not there.
        IntegrityError: ``name-unreadable``, or a bad receipt.
    """
    keys = read_name(storage, name)
    if not keys:
        names = ", ".join(names_in(storage)) or "none"
        raise ConfigError(
            "name-unknown",
            f"{storage.root} has no result named {quoted(name)}.",
            f"Its names are: {names}. `closedworld run --name` gives one.",
        )
    for key in keys.values():
        if not has_receipt(storage.below(key)):
            raise ConfigError(
                "name-stale",
                f"{storage.root / NAMES_FOLDER / name} names {key}, which is not there.",
                "Build it again with --name, or delete the name.",
            )
    return [open_result(storage.below(key)) for key in keys.values()]


def split_named(path: Path) -> tuple[Path, str] | None:
    """Return output folder and name of a path such as ``world/names/5m``; None for any other."""
    names = path.parent
    is_named = names.name == NAMES_FOLDER and names.is_dir() and not path.is_dir()
    return (path.parent.parent, path.name) if is_named else None
