"""Which storage a place that a user names lies in."""

from __future__ import annotations

from pathlib import Path

from closedworld.errors import ConfigError
from closedworld.store.local import LocalStorage
from closedworld.store.protocol import Storage


def storage_at(place: Path | str) -> Storage:
    """Return the storage whose root is a place, such as ``--out``.

    Raises:
        ConfigError: ``path-not-utf-8``.
    """
    try:
        str(place).encode()
    except UnicodeEncodeError as error:
        raise ConfigError(
            "path-not-utf-8",
            f"the name of {str(place)!a} is not UTF-8, and Parquet libraries cannot open what lies in it.",
            "Rename the folder, or choose another one.",
        ) from error
    return LocalStorage(Path(place))
