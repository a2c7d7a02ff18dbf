"""Fetching a public file: downloaded unless it is there, checked, and unpacked."""

from __future__ import annotations

import re
import shutil
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Literal

from platformdirs import user_cache_path

from closedworld.bounded_read import is_zip_bomb, read_small_file
from closedworld.errors import ConfigError, IntegrityError, PublishError, install_hint
from closedworld.inputs.reference.fetching.partial_download import Partial, Progress, require_space
from closedworld.inputs.reference.registry import RemoteFile, remote_file
from closedworld.sanitize import library_message, number_of
from closedworld.store.atomic import opened_for_replacing, replace_file
from closedworld.store.file_digests import sha256_of_file

FileState = Literal["absent", "begun", "here"]
Trust = Literal["registry", "first use", "recorded"]

# As sha256sum writes it: `sha256sum --check FILE.sha256` says the same as the next fetch.
_RECORD = re.compile(r"([0-9a-f]{64})  ")


@dataclass(frozen=True, slots=True)
class Fetched:
    """A downloaded and verified public file.

    Attributes:
        file: Its entry in the registry.
        path: The file to use: the download or, for an archive, the file unpacked from it.
        download: The download.
        sha256: Digest of the download.
        trust: Why the digest is trusted: it is in the registry, was recorded on first use by this call, or
            equals the one recorded on first use.
        is_new: Whether it was downloaded by this call.
    """

    file: RemoteFile
    path: Path
    download: Path
    sha256: str
    trust: Trust
    is_new: bool


def default_folder() -> Path:
    """Return the folder for fetched files in the user's cache."""
    return user_cache_path("closedworld") / "fetched"


def state_of(file: RemoteFile, folder: Path | None = None) -> FileState:
    """Return whether a file is there, without checking it."""
    target = (folder or default_folder()) / file.file_name
    if target.exists():
        return "here"
    return "begun" if _unfinished_folder(target).exists() else "absent"


def fetch(
    file: str | RemoteFile,
    *,
    folder: Path | str | None = None,
    progress: Progress | None = None,
) -> Fetched:
    """Download a public file, unless it exists, and verify it.

    An interrupted download is resumed. An existing file, whatever its origin, is verified but not
    downloaded again.

    Args:
        file: A name in the registry, or a custom entry.
        folder: Where to keep it; None for the user's cache.
        progress: Called with the bytes so far and those of the whole file, None when unknown.

    Raises:
        ConfigError: ``fetch-unknown``, ``fetch-missing``.
        FetchError: The file cannot be downloaded now; see ``ResumingDownloader``.
        IntegrityError: ``fetch-differs``, ``fetch-changed``, ``fetch-archive``.
        PublishError: ``disk-space``, ``output-not-writable``.
    """
    remote = remote_file(file) if isinstance(file, str) else file
    kept_in = default_folder() if folder is None else Path(folder)
    download = kept_in / remote.file_name
    try:
        is_new = not download.exists()
        if is_new:
            _download(remote, download, progress)
        digest, trust = _checked(remote, download)
        path = _unpacked(remote, download) if remote.member else download
    except OSError as error:
        raise PublishError(
            "output-not-writable",
            f"cannot keep {remote.file_name} in {kept_in}: {error.strerror or error}.",
            "Choose another folder with --to.",
        ) from error
    return Fetched(remote, path, download, digest, trust, is_new)


def _download(remote: RemoteFile, target: Path, progress: Progress | None) -> None:
    try:
        from closedworld.inputs.reference.fetching.downloader import ResumingDownloader  # noqa: PLC0415 -- needs an extra
    except ModuleNotFoundError as error:
        raise ConfigError(
            "fetch-missing",
            f"downloading needs the package {error.name}.",
            install_hint("requests"),
        ) from error
    folder = _unfinished_folder(target.absolute())
    folder.mkdir(parents=True, exist_ok=True)
    with Partial.opened(folder / "bytes") as partial:
        try:
            ResumingDownloader(remote, target, partial, progress).download()
        finally:
            # Bytes that have come are kept for the next call, unless the file is complete.
            if not (partial.path.exists() and partial.size_bytes):
                shutil.rmtree(folder)


def _unfinished_folder(target: Path) -> Path:
    return target.with_name(f"{target.name}.part")


def _checked(remote: RemoteFile, download: Path) -> tuple[str, Trust]:
    if remote.sha256 is None:
        return _recorded(download)
    digest = sha256_of_file(download)
    if digest != remote.sha256:
        raise _changed(download, digest, f"the registry says {remote.sha256}")
    return digest, "registry"


def _recorded(path: Path) -> tuple[str, Trust]:
    """Compare a file with the digest of its first use; record it when this is the first."""
    digest = sha256_of_file(path)
    record = _record_of(path)
    try:
        text = read_small_file(record).decode("utf-8", "replace")
    except FileNotFoundError:
        replace_file(record, f"{digest}  {path.name}\n")
        return digest, "first use"
    match = _RECORD.match(text)
    if match is None or match[1] != digest:
        recorded = match[1] if match else "something else than a digest"
        raise _changed(path, digest, f"{record.name} says {recorded}")
    return digest, "recorded"


def _unpacked(remote: RemoteFile, download: Path) -> Path:
    """Return the member of an archive, unpacked and with its digest recorded."""
    path = download.with_name(remote.member)
    # Without a record it was not unpacked here, or not completely.
    if not (path.exists() and _record_of(path).exists()):
        with opened_for_replacing(path) as file:
            _unpack(download, remote.member, file)
    _recorded(path)
    return path


def _record_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _changed(path: Path, digest: str, contradiction: str) -> IntegrityError:
    return IntegrityError(
        "fetch-changed",
        f"{path} has SHA-256 {digest}, but {contradiction}.",
        f"If you did not change it yourself, remove it with {_record_of(path).name}, if there is one, "
        "and fetch it again.",
    )


def _unpack(archive: Path, member: str, target: BinaryIO) -> None:
    """Write the one member of that name, in whatever folder of the archive, to an open file."""
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
