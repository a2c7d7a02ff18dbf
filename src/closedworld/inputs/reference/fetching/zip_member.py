"""Unpacks one file of a zip archive; the archive has no say in where it is written."""

from __future__ import annotations

import shutil
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from closedworld.bounded_read import is_zip_bomb
from closedworld.errors import IntegrityError
from closedworld.inputs.reference.fetching.partial_download import require_space
from closedworld.sanitize import library_message, number_of


def unpack(archive: Path, member: str, target: BinaryIO) -> None:
    """Write the one member of that name, in whatever folder of the archive, to an open file.

    Raises:
        IntegrityError: ``fetch-archive``.
        PublishError: ``disk-space``.
        OSError: It cannot be written.
    """
    try:
        with zipfile.ZipFile(archive) as packed:
            found = [
                info
                for info in packed.infolist()
                if not info.is_dir() and PurePosixPath(info.filename).name == member
            ]
            if len(found) != 1:
                raise _unusable(
                    archive, f"it has {number_of(len(found), 'file', 'files')} {member}"
                )
            info = found[0]
            if is_zip_bomb(info):
                raise _unusable(
                    archive,
                    f"{member} would unpack from {info.compress_size:,} to {info.file_size:,} bytes",
                )
            folder = archive.parent
            require_space(folder, info.file_size, member)
            # zipfile writes at most the size that was checked, and verifies the CRC.
            with packed.open(info) as source:
                shutil.copyfileobj(source, target, 1 << 20)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        # RuntimeError: encrypted, or compressed by a method that zipfile does not support.
        raise _unusable(archive, library_message(error)) from error


def _unusable(archive: Path, why: str) -> IntegrityError:
    return IntegrityError(
        "fetch-archive", f"{archive} cannot be unpacked: {why}.", "Remove it and fetch it again."
    )
