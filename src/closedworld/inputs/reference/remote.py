"""The registry of public files: what each is, where it lies, under which licence, and its digest."""

from __future__ import annotations

import difflib
import functools
import re
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Literal
from urllib.parse import urlsplit

from closedworld.errors import ConfigError
from closedworld.sanitize import quoted

Role = Literal["polygons", "raster"]

# Names become paths below a folder of the user: no separators, no leading dot, no surprises.
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """One public file.

    Attributes:
        name: What users call it.
        title: What the file holds.
        role: The option of `closedworld run` that takes it, without dashes.
        url: Address, http or https; its last part is the name of the file on disk.
        source_url: Where people read about it.
        version: Version of the source.
        licence: SPDX identifier, or ``LicenseRef-`` and a name.
        attribution: Text to show with results made from the file.
        size_bytes: Size of the download; None when it is not known.
        sha256: SHA-256 of the download, 64 lower-case hexadecimal digits; None when it is not known.
        digest_source: Where the digest is known from; empty without one.
        member: File to unpack from the download, a zip archive; empty when it is used as it is.
        options: Further options that a run with this file needs.

    Raises:
        ConfigError: ``fetch-registry``.
    """

    name: str
    title: str
    role: Role
    url: str
    source_url: str
    version: str
    licence: str
    attribution: str
    size_bytes: int | None = None
    sha256: str | None = None
    digest_source: str = ""
    member: str = ""
    options: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what could not be fetched safely."""
        names = (self.name, self.file_name, *([self.member] if self.member else []))
        wrong = [name for name in names if not _FILE_NAME.fullmatch(name)]
        if wrong:
            raise _unusable(self.name, f"{quoted(wrong[0])} cannot be the name of a file")
        if urlsplit(self.url).scheme not in {"http", "https"}:
            raise _unusable(self.name, f"{quoted(self.url)} is not an http or https address")
        if self.sha256 is not None and not _SHA256.fullmatch(self.sha256):
            raise _unusable(self.name, "sha256 is not 64 lower-case hexadecimal digits")
        if self.role not in {"polygons", "raster"}:
            raise _unusable(self.name, f"role is {quoted(self.role)}")

    @property
    def file_name(self) -> str:
        """Name of the download on disk."""
        return PurePosixPath(urlsplit(self.url).path).name


def _unusable(name: str, why: str) -> ConfigError:
    return ConfigError("fetch-registry", f"the entry {quoted(name)} cannot be used: {why}.")


@functools.cache
def _registry() -> dict[str, RemoteFile]:
    text = (files("closedworld.inputs.reference") / "remote.toml").read_text(encoding="utf-8")
    entries = [
        RemoteFile(**{**entry, "options": tuple(entry.get("options", ()))})
        for entry in tomllib.loads(text)["file"]
    ]
    return {entry.name: entry for entry in entries}


def remote_files() -> tuple[RemoteFile, ...]:
    """Return every file of the registry, in its order: polygons, then rasters."""
    return tuple(_registry().values())


def remote_file(name: str) -> RemoteFile:
    """Return the file called ``name``.

    Raises:
        ConfigError: ``fetch-unknown``.
    """
    try:
        return _registry()[name]
    except KeyError:
        close = difflib.get_close_matches(name, _registry(), n=1)
        meant = f"Did you mean {close[0]}? " if close else ""
        raise ConfigError(
            "fetch-unknown",
            f"there is no file called {quoted(name)}.",
            f"{meant}There are: {', '.join(_registry())}.",
        ) from None
