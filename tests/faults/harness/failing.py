"""Every change that Python code makes to a file system, intercepted: to count, to fail, to kill, to note."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from closedworld.store import durable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WRITING = os.O_CREAT | os.O_WRONLY | os.O_RDWR


@dataclass(slots=True)
class Change:
    """A call that changes a file system.

    Attributes:
        kind: ``open``, ``write``, ``fsync``, ``mkdir``, ``rename``, ``unlink`` or ``rmdir``.
        path: What it is about.
        target: The new name, of ``rename``.
        content: What is written, of ``write``.
    """

    kind: str
    path: Path
    target: Path | None = None
    content: bytes = b""


@dataclass(slots=True)
class FileSystem:
    """Stands between the program and the kernel.

    Attributes:
        before: Called before each change; may raise, or end the process.
        changes: What was changed, in order.
    """

    before: Callable[[int, Change], None] = lambda _number, _change: None
    changes: list[Change] = field(default_factory=list)

    def note(self, change: Change) -> None:
        """Take note of a change that is about to happen."""
        self.before(len(self.changes), change)
        self.changes.append(change)

    @contextmanager
    def between(self) -> Iterator[FileSystem]:  # noqa: C901 -- a function for each call
        """Intercept while the block runs."""
        really = {name: getattr(os, name) for name in ("open", "write", "fsync", "mkdir", "rename", "replace", "unlink", "rmdir")}  # fmt: skip
        renameat2 = durable._renameat2

        def at(path: Any, dir_fd: int | None) -> Path:
            folder = Path() if dir_fd is None else path_of(dir_fd)
            return Path(os.path.abspath(folder / os.fsdecode(path)))  # noqa: PTH100

        def open_(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
            if flags & WRITING:
                self.note(Change("open", at(path, dir_fd)))
            return int(really["open"](path, flags, mode, dir_fd=dir_fd))

        def write(descriptor: int, content: Any) -> int:
            self.note(Change("write", path_of(descriptor), content=bytes(content)))
            return int(really["write"](descriptor, content))

        def fsync(descriptor: int) -> None:
            self.note(Change("fsync", path_of(descriptor)))
            really["fsync"](descriptor)

        def mkdir(path: Any, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
            self.note(Change("mkdir", at(path, dir_fd)))
            really["mkdir"](path, mode, dir_fd=dir_fd)

        def rename(source: Any, target: Any) -> None:
            self.note(Change("rename", at(source, None), at(target, None)))
            really["rename"](source, target)

        def unlink(path: Any, *, dir_fd: int | None = None) -> None:
            self.note(Change("unlink", at(path, dir_fd)))
            really["unlink"](path, dir_fd=dir_fd)

        def rmdir(path: Any, *, dir_fd: int | None = None) -> None:
            self.note(Change("rmdir", at(path, dir_fd)))
            really["rmdir"](path, dir_fd=dir_fd)

        def rename_new() -> Callable[[Path, Path], int] | None:
            call = renameat2()

            def noted(source: Path, target: Path) -> int:
                try:
                    self.note(Change("rename", at(source, None), at(target, None)))
                except OSError as error:
                    return error.errno or 0
                return call(source, target) if call else 0

            return noted if call else None

        ours: dict[str, Callable[..., Any]] = {"open": open_, "write": write, "fsync": fsync, "mkdir": mkdir, "rename": rename, "replace": rename, "unlink": unlink, "rmdir": rmdir}  # fmt: skip
        # shutil.rmtree asks whether these very functions take dir_fd.
        sets = (os.supports_dir_fd, os.supports_fd)
        try:
            for name, function in ours.items():
                setattr(os, name, function)
                for known in sets:
                    if really[name] in known:
                        known.add(function)
            durable._renameat2 = rename_new  # type: ignore[assignment]
            yield self
        finally:
            for name, function in really.items():
                setattr(os, name, function)
                for known in sets:
                    known.discard(ours[name])
            durable._renameat2 = renameat2


def path_of(descriptor: int) -> Path:
    """Return the path that a descriptor was opened by."""
    return Path(os.readlink(f"/proc/self/fd/{descriptor}"))  # noqa: PTH115


def failing_at(number: int, errno_: int) -> Callable[[int, Change], None]:
    """Return what makes the n-th change fail, and from then on nothing."""

    def before(at: int, change: Change) -> None:
        if at == number:
            raise OSError(errno_, os.strerror(errno_), str(change.path))

    return before


def killing_at(number: int) -> Callable[[int, Change], None]:
    """Return what kills the process before the n-th change."""

    def before(at: int, _change: Change) -> None:
        if at == number:
            os.kill(os.getpid(), signal.SIGKILL)

    return before
