"""The registry of bundled files: what each is, where it comes from, and its digest."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from closedworld.errors import ConfigError, IntegrityError
from closedworld.store.digests import sha256_of_file

_PACKAGE = "closedworld.inputs.reference"


@dataclass(frozen=True, slots=True)
class BundledFile:
    """One bundled data file.

    Attributes:
        name: File name, the key of the registry.
        title: What the file holds.
        source: Title of the source.
        source_url: Where the source is published.
        version: Version of the source.
        licence: SPDX identifier, or ``LicenseRef-`` and a name.
        attribution: Text to show with results made from the file.
        size_bytes: Size of the file.
        sha256: SHA-256 of the file, 64 lower-case hexadecimal digits.
    """

    name: str
    title: str
    source: str
    source_url: str
    version: str
    licence: str
    attribution: str
    size_bytes: int
    sha256: str

    @property
    def path(self) -> Path:
        """Where the file lies in the installed package."""
        return Path(str(files(_PACKAGE))) / "data" / self.name


@functools.cache
def _registry() -> dict[str, BundledFile]:
    text = (files(_PACKAGE) / "registry.toml").read_text(encoding="utf-8")
    entries = (BundledFile(**entry) for entry in tomllib.loads(text)["file"])
    return {entry.name: entry for entry in entries}


def bundled_files() -> tuple[BundledFile, ...]:
    """Return every bundled file, sorted by name."""
    return tuple(sorted(_registry().values(), key=lambda entry: entry.name))


def bundled(name: str) -> BundledFile:
    """Return the bundled file called ``name``.

    Raises:
        ConfigError: There is no bundled file of that name.
    """
    try:
        return _registry()[name]
    except KeyError:
        known = ", ".join(entry.name for entry in bundled_files())
        raise ConfigError(
            "bundled-unknown", f"no bundled file is called {name!r}.", f"There are: {known}."
        ) from None


def verify_bundled(name: str) -> BundledFile:
    """Hash the bundled file called ``name`` and return its entry.

    Raises:
        ConfigError: There is no bundled file of that name.
        IntegrityError: The file is missing or differs from the registry.
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
