"""Single files, which appear whole or not at all."""

from __future__ import annotations

import os
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

from closedworld.errors import PublishError
from closedworld.store.durable import make_folders, not_writable, sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a path to write to; when the block ends well, the file takes the place of ``path``.

    Args:
        path: Where the file is to be; its folder is made, a file that is there is replaced.

    Raises:
        PublishError: ``output-not-writable``; also for an ``OSError`` of the block.
    """
    # The suffix stays, because libraries go by it.
    staged = path.with_name(f".{path.stem}-{secrets.token_hex(8)}{path.suffix}")
    try:
        refuse_folder(path)
        make_folders(path.parent)
        try:
            yield staged
            with staged.open("rb+") as file:
                os.fsync(file.fileno())
            staged.replace(path)
            sync_folder(path.parent)
        finally:
            staged.unlink(missing_ok=True)
    except OSError as error:
        raise not_writable(path, error) from error


def refuse_folder(path: Path) -> None:
    """Raise when a folder stands where a file is to be written.

    Raises:
        PublishError: ``output-not-writable``.
    """
    if path.is_dir():
        raise PublishError(
            "output-not-writable",
            f"cannot write {path}: it is a folder.",
            "Name a file with --out.",
        )
