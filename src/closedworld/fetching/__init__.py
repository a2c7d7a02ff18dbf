"""Public reference data: a registry of what there is, and downloads that are checked.

Nothing else in the package needs a network, and nothing here is called by another command.
"""

from closedworld.fetching.registry import RemoteFile, remote_file, remote_files
from closedworld.fetching.store import Fetched, FileState, default_folder, fetch, state_of

__all__ = [
    "Fetched",
    "FileState",
    "RemoteFile",
    "default_folder",
    "fetch",
    "remote_file",
    "remote_files",
    "state_of",
]
