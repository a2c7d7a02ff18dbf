"""A storage that has no folders and renames nothing, as an object store: the second one of its kind."""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from closedworld.store.paths import RECEIPT_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from io import BufferedReader

    from closedworld.store.protocol import Content


@dataclass(frozen=True)
class ObjectStorage:
    """Objects of a bucket, each a file whose name is its quoted key.

    Attributes:
        bucket: Folder that stands for the bucket.
        root: Where keys begin, a path that is nowhere on the disk.
    """

    bucket: Path
    root: Path

    def below(self, folder: str) -> ObjectStorage:
        return ObjectStorage(self.bucket, self.root / folder)

    def list(self, folder: str = "") -> Sequence[str]:
        start = f"{self._key(folder)}/"
        keys = [unquote(path.name) for path in self.bucket.iterdir()]
        found = [key.removeprefix(start) for key in keys if key.startswith(start)]
        if not found:
            raise FileNotFoundError(start)
        return sorted({key.split("/")[0] + "/" * ("/" in key) for key in found})

    def size(self, key: str) -> int:
        return self._object(key).stat().st_size

    def open(self, key: str) -> BufferedReader:
        return self._object(key).open("rb")

    def for_arrow(self, keys: Sequence[str]) -> tuple[Sequence[str], None]:
        return [str(self._object(key)) for key in keys], None

    def is_whole(self, key: str, size_bytes: int, sha256: str) -> bool:
        path = self._object(key)
        if not path.exists() or path.stat().st_size != size_bytes:
            return False
        return hashlib.sha256(path.read_bytes()).hexdigest() == sha256

    def make_folder(self, folder: str) -> None:
        pass

    def put(self, key: str, content: Content) -> None:
        self._object(key).write_bytes(content)

    def append(self, key: str, content: bytes) -> None:
        with self._object(key).open("ab") as file:
            file.write(content)

    def move(self, source: str, target: str) -> None:
        self.put(target, self._object(source).read_bytes())
        self._object(source).unlink()

    def replace(self, source: str, target: str) -> None:
        self.move(source, target)

    def remove(self, key: str) -> bool:
        for path in self._with(key):
            path.unlink()
        return True

    def remove_if_empty(self, folder: str) -> None:
        pass

    def scratch(self, key: str) -> Path:
        del key
        return Path(tempfile.mkdtemp(dir=self.bucket.parent))

    def lock(self, key: str) -> BufferedReader | None:
        descriptor = os.open(self._object(key), os.O_CREAT | os.O_RDWR)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return os.fdopen(descriptor, "rb")

    def sync(self, keys: Iterable[str]) -> None:
        del keys

    def commit(self, staged: str, target: str, receipt: Content) -> bool:
        """Copy the objects, and put the receipt where there is none: that step makes them a result."""
        if self._object(f"{target}/{RECEIPT_NAME}").exists():
            return False
        for path in self._with(staged):
            key = PurePosixPath(unquote(path.name)).relative_to(self._key(staged))
            self.move(f"{staged}/{key}", f"{target}/{key}")
        with self._object(f"{target}/{RECEIPT_NAME}").open("xb") as file:
            file.write(receipt)
        return True

    def _key(self, key: str) -> str:
        return (self.root / key).as_posix()

    def _object(self, key: str) -> Path:
        return self.bucket / quote(self._key(key), safe="")

    def _with(self, key: str) -> Sequence[Path]:
        """Return the objects of a key, and those below it."""
        own = self._key(key)
        paths = [(path, unquote(path.name)) for path in self.bucket.iterdir()]
        return [path for path, at in paths if at == own or at.startswith(f"{own}/")]
