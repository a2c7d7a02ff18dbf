"""The registry of reference files: what each is, where it comes from, its licence and its digest."""

from __future__ import annotations

import csv
import difflib
import functools
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal, TypeVar
from urllib.parse import urlsplit

from closedworld.errors import ConfigError, IntegrityError
from closedworld.sanitize import quoted
from closedworld.store.file_digests import sha256_of_file

T = TypeVar("T")
Role = Literal["polygons", "raster"]

_FOLDER = Path(__file__).parent
# Names become paths below a folder of the user: no separators, no leading dot, no surprises.
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceFile:
    """What the registry states of every file.

    Attributes:
        name: Key of the registry: the file name of a bundled file, a short name of a remote one.
        title: What the file holds.
        source_url: Where the source is published.
        version: Version of the source.
        licence: SPDX identifier, or ``LicenseRef-`` and a name.
        attribution: Text to show with results made from the file.
    """

    name: str
    title: str
    source_url: str
    version: str
    licence: str
    attribution: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BundledFile(ReferenceFile):
    """A data file that is part of the package.

    It also has ``name``, ``title``, ``source_url``, ``version``, ``licence`` and ``attribution``.

    Attributes:
        source: Title of the source.
        size_bytes: Size of the file.
        sha256: SHA-256 of the file, 64 lower-case hexadecimal digits.
    """

    source: str
    size_bytes: int
    sha256: str

    @property
    def path(self) -> Path:
        """Where the file lies in the installed package."""
        return _FOLDER / "data" / self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile(ReferenceFile):
    """A public file to download.

    It also has ``name``, ``title``, ``source_url``, ``version``, ``licence`` (an SPDX identifier, or
    ``LicenseRef-`` and a name) and ``attribution`` (text to show with results made from the file).

    Attributes:
        role: The option of `closedworld run` that takes it, without dashes.
        url: Address, http or https; its last component is the name of the file on disk.
        size_bytes: Size of the download; None if unknown.
        sha256: SHA-256 of the download, 64 lower-case hexadecimal digits; None if unknown.
        digest_source: Source of the digest; empty without one.
        member: File to unpack from the download, a zip archive; empty if the download is used as it is.
        options: Further options that a run with this file needs.

    Raises:
        ConfigError: ``fetch-registry``.
    """

    role: Role
    url: str
    size_bytes: int | None = None
    sha256: str | None = None
    digest_source: str = ""
    member: str = ""
    options: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = (self.name, self.file_name, *([self.member] if self.member else []))
        wrong = [name for name in names if not _FILE_NAME.fullmatch(name)]
        if wrong:
            raise self._unusable(f"{quoted(wrong[0])} cannot be the name of a file")
        if urlsplit(self.url).scheme not in {"http", "https"}:
            raise self._unusable(f"{quoted(self.url)} is not an http or https address")
        if self.sha256 is not None and not _SHA256.fullmatch(self.sha256):
            raise self._unusable("sha256 is not 64 lower-case hexadecimal digits")
        if self.role not in {"polygons", "raster"}:
            raise self._unusable(f"role is {quoted(self.role)}")

    @property
    def file_name(self) -> str:
        """Name of the download on disk."""
        return PurePosixPath(urlsplit(self.url).path).name

    def _unusable(self, why: str) -> ConfigError:
        return ConfigError(
            "fetch-registry", f"the entry {quoted(self.name)} cannot be used: {why}."
        )


@dataclass(frozen=True, slots=True)
class Registry:
    """All reference files by name, in the order of ``registry.toml``.

    Attributes:
        bundled: Files of the package.
        remote: Files to download: polygons, then rasters.
    """

    bundled: Mapping[str, BundledFile]
    remote: Mapping[str, RemoteFile]


@functools.cache
def read_registry() -> Registry:
    """Return the registry, read once per process."""
    content = tomllib.loads((_FOLDER / "registry.toml").read_text(encoding="utf-8"))
    bundled = [BundledFile(**entry) for entry in content["bundled"]]
    remote = [
        RemoteFile(**{**entry, "options": tuple(entry.get("options", ()))})
        for entry in content["remote"]
    ]
    return Registry({one.name: one for one in bundled}, {one.name: one for one in remote})


def bundled_files() -> tuple[BundledFile, ...]:
    """Return every bundled file, sorted by name."""
    return tuple(sorted(read_registry().bundled.values(), key=lambda entry: entry.name))


def remote_files() -> tuple[RemoteFile, ...]:
    """Return every remote file, in the order of the registry: polygons, then rasters."""
    return tuple(read_registry().remote.values())


def bundled(name: str) -> BundledFile:
    """Return the bundled file called ``name``.

    Raises:
        ConfigError: ``bundled-unknown``.
    """
    return _entry(name, read_registry().bundled, "bundled-unknown")


def remote_file(name: str) -> RemoteFile:
    """Return the remote file called ``name``.

    Raises:
        ConfigError: ``fetch-unknown``.
    """
    return _entry(name, read_registry().remote, "fetch-unknown")


def _entry(name: str, entries: Mapping[str, T], code: str) -> T:
    if name in entries:
        return entries[name]
    close = difflib.get_close_matches(name, entries, n=1)
    meant = f"Did you mean {close[0]}? " if close else ""
    raise ConfigError(
        code, f"there is no file called {quoted(name)}.", f"{meant}There are: {', '.join(entries)}."
    )


def bundled_rows(name: str) -> list[dict[str, str]]:
    """Return the rows of the bundled CSV file called ``name``; raises as ``bundled``."""
    with bundled(name).path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def verify_bundled(name: str) -> BundledFile:
    """Hash the bundled file called ``name`` and return its entry.

    Raises:
        ConfigError: ``bundled-unknown``.
        IntegrityError: ``bundled-missing``, ``bundled-digest``.
    """
    entry = bundled(name)
    hint = "Install closedworld again."
    try:
        digest = sha256_of_file(entry.path)
    except FileNotFoundError:
        raise IntegrityError("bundled-missing", f"{entry.path} does not exist.", hint) from None
    if digest != entry.sha256:
        raise IntegrityError(
            "bundled-digest",
            f"{entry.path} has SHA-256 {digest}, the registry says {entry.sha256}.",
            hint,
        )
    return entry
