"""Storage in a folder of the local file system (docs/decisions/0013-publishing.md)."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import shutil
import stat
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from closedworld.bounded_read import open_regular
from closedworld.store.atomic import require_utf8
from closedworld.store.durable import (
    append_to_file,
    make_folders,
    rename_new,
    sync_files,
    sync_folder,
    sync_folders_below,
    write_file,
)
from closedworld.store.file_digests import sha256_of_file
from closedworld.store.paths import RECEIPT_NAME
from closedworld.store.protocol import Content, Storage

_DRAFT = ".draft-"


@dataclass(frozen=True, slots=True)
class LocalStorage:
    """A folder as a storage; see ``Storage`` for what its methods promise.

    Attributes:
        root: The folder; made when something is locked in it.
    """

    root: Path

    def __reduce__(self) -> tuple[type[LocalStorage], tuple[Path]]:
        """Pickle an absolute path: a worker may have another working folder."""
        return LocalStorage, (self.root.absolute(),)

    def below(self, folder: str) -> LocalStorage:
        """Return the storage of a folder."""
        return LocalStorage(self.root / folder)

    def list(self, folder: str = "") -> Sequence[str]:
        """Return the names in a folder; a link to a folder is a file."""
        with os.scandir(self.root / folder) as entries:
            return sorted(
                f"{one.name}/" if one.is_dir(follow_symlinks=False) else one.name for one in entries
            )

    def size(self, key: str) -> int:
        """Return the bytes of a regular file."""
        found = (self.root / key).stat()
        _refuse_special(found.st_mode)
        return found.st_size

    def open(self, key: str) -> BufferedReader:
        """Open a regular file for reading."""
        return open_regular(self.root / key)

    def for_arrow(self, keys: Sequence[str]) -> tuple[Sequence[str], None]:
        """Return paths of regular files, which pyarrow opens by itself."""
        for key in keys:
            _refuse_special((self.root / key).stat().st_mode)
        return [str(self.root / key) for key in keys], None

    def is_whole(self, key: str, size_bytes: int, sha256: str) -> bool:
        """Return whether a regular file has this key, size and digest."""
        path = self.root / key
        try:
            found = path.lstat()
            is_sized = stat.S_ISREG(found.st_mode) and found.st_size == size_bytes
            return is_sized and sha256_of_file(path) == sha256
        except OSError:
            return False

    def make_folder(self, folder: str) -> None:
        """Make a folder."""
        (self.root / folder).mkdir()

    def put(self, key: str, content: Content) -> None:
        """Write a file under another name and rename it."""
        target = self.root / key
        self._make_folder_of(target)
        draft = target.with_name(f"{_DRAFT}{target.name}.{secrets.token_hex(4)}")
        write_file(draft, content, is_synced=False)
        draft.replace(target)

    def append(self, key: str, content: bytes) -> None:
        """Add to a file."""
        append_to_file(self.root / key, content)

    def move(self, source: str, target: str) -> None:
        """Rename a file."""
        self._make_folder_of(self.root / target)
        rename_new(self.root / source, self.root / target)

    def replace(self, source: str, target: str) -> None:
        """Rename a file over another."""
        path = self.root / target
        make_folders(path.parent)
        (self.root / source).replace(path)
        sync_folder(path.parent)

    def remove(self, key: str) -> bool:
        """Remove a file or a folder, as far as that can be done."""
        path = self.root / key
        try:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
            return not os.path.lexists(path)
        except OSError:
            return False

    def remove_if_empty(self, folder: str) -> None:
        """Remove a folder that holds nothing."""
        try:
            (self.root / folder).rmdir()
        except OSError:
            return

    def scratch(self, key: str) -> Path:
        """Return a folder beside the files, so that it takes room on the same device."""
        path = self.root / key
        path.mkdir(exist_ok=True)
        return path

    def lock(self, key: str) -> BufferedReader | None:
        """Lock a file by ``flock``, which the kernel undoes when the file is closed."""
        path = self.root / key
        while True:
            make_folders(self.root)
            path.parent.mkdir(exist_ok=True)
            # A run that ends here takes the empty folder with it.
            with suppress(FileNotFoundError):
                descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
                break
        with ExitStack() as on_failure:
            file = on_failure.enter_context(os.fdopen(descriptor, "rb"))
            with suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(descriptor).st_nlink > 0:
                    on_failure.pop_all()
                    return file
        return None

    def sync(self, keys: Iterable[str]) -> None:
        """Sync files, several at once."""
        sync_files(self.root / key for key in keys)

    def commit(self, staged: str, target: str, receipt: Content) -> bool:
        """Rename a folder once all in it is on the device, the receipt last."""
        source, result = self.root / staged, self.root / target
        for draft in source.rglob(f"{_DRAFT}*"):
            # Half a file of a worker that was lost.
            draft.unlink()
        sync_folders_below(source)
        # Last, and after everything that it vouches for.
        write_file(source / RECEIPT_NAME, receipt)
        sync_folder(source)
        make_folders(result.parent)
        try:
            rename_new(source, result)
        except FileExistsError:
            return False
        sync_folder(result.parent)
        sync_folder(source.parent)
        return True

    def _make_folder_of(self, path: Path) -> None:
        """Make the folders between the root and a file, but not the root: it goes when a run has ended."""
        for above in reversed(path.relative_to(self.root).parents[:-1]):
            (self.root / above).mkdir(exist_ok=True)


def storage_at(place: Path | str) -> Storage:
    """Return the storage whose root is a place that a user names, such as ``--out``.

    Raises:
        ConfigError: ``path-not-utf-8``.
    """
    require_utf8(place)
    return LocalStorage(Path(place))


def _refuse_special(mode: int) -> None:
    """Raise for a pipe or a device, which a reader would wait for; a folder fails by itself."""
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise OSError(errno.EINVAL, "Not a regular file")
