"""Reference data: what is bundled, and public files that can be fetched.

Every file has an entry in a registry with its source, licence and SHA-256. Importing this package reads
nothing and needs the standard library only; nothing but fetching needs a network.
"""

from closedworld.inputs.reference.fetching.fetch import (
    Fetched,
    default_folder,
    fetch,
    state_of,
)
from closedworld.inputs.reference.iso import IsoEntry, iso_table
from closedworld.inputs.reference.registry import (
    BundledFile,
    RemoteFile,
    bundled,
    bundled_files,
    remote_file,
    remote_files,
    verify_bundled,
)

__all__ = [
    "BundledFile",
    "Fetched",
    "IsoEntry",
    "RemoteFile",
    "bundled",
    "bundled_files",
    "default_folder",
    "fetch",
    "iso_table",
    "remote_file",
    "remote_files",
    "state_of",
    "verify_bundled",
]
