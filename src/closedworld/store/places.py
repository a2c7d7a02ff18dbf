"""Which storage a place that a user names lies in."""

from __future__ import annotations

from pathlib import Path

from closedworld.store.atomic import require_utf8
from closedworld.store.local import LocalStorage
from closedworld.store.protocol import Storage


def storage_at(place: Path | str) -> Storage:
    """Return the storage whose root is a place, such as ``--out``.

    Raises:
        ConfigError: ``path-not-utf-8``.
    """
    require_utf8(place)
    return LocalStorage(Path(place))
