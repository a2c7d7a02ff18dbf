"""One rename that replaces nothing, with and without the help of the kernel; folders that stay."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from closedworld.errors import PublishError
from closedworld.store import durable
from closedworld.store.durable import (
    append_to_file,
    make_folders,
    not_writable,
    rename_new,
    sync_files,
    sync_folder,
    sync_folders_below,
    temporary_folder,
    write_file,
    writing_to,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    Call = Callable[[Path, Path], int]


@pytest.fixture(params=["kernel", "no such call", errno.ENOSYS, errno.EINVAL, errno.EPERM])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> object:
    """Rename with the kernel's help, and where the call is missing or refused."""
    if request.param == "kernel":
        if sys.platform != "linux":
            pytest.skip("renameat2 is Linux's")
        assert hasattr(ctypes.CDLL(None), "renameat2") == (durable._renameat2() is not None)
        return request.param
    call = None if request.param == "no such call" else lambda *_: request.param
    monkeypatch.setattr(durable, "_renameat2", lambda: call)
    return request.param


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "file").write_text("ours")
    return tmp_path / "ours"


@pytest.mark.usefixtures("way")
def test_a_free_name_is_taken(ours: Path, tmp_path: Path) -> None:
    rename_new(ours, tmp_path / "free")
    assert (tmp_path / "free" / "file").read_text() == "ours"
    assert not ours.exists()


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("theirs", ["empty folder", "full folder", "file", "dangling link"])
def test_nothing_of_that_name_is_replaced(ours: Path, tmp_path: Path, theirs: str) -> None:
    """An empty folder among them, which plain rename replaces in silence."""
    target = tmp_path / "taken"
    if theirs.endswith("folder"):
        target.mkdir()
        if theirs.startswith("full"):
            (target / "file").write_text("theirs")
    elif theirs == "file":
        target.write_text("theirs")
    else:
        target.symlink_to("nowhere")
    before = os.lstat(target).st_ino
    with pytest.raises(FileExistsError):
        rename_new(ours, target)
    assert os.lstat(target).st_ino == before
    assert (ours / "file").read_text() == "ours"


def test_another_problem_of_the_kernel_is_raised_and_nothing_is_tried_in_its_place(
    ours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durable, "_renameat2", lambda: lambda *_: errno.EIO)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        rename_new(ours, tmp_path / "free")
    assert ours.exists()
    assert not (tmp_path / "free").exists()


def test_without_the_kernel_a_full_folder_that_appears_meanwhile_is_still_not_replaced(
    ours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "taken"
    target.mkdir()
    (target / "file").write_text("theirs")
    monkeypatch.setattr(durable, "_renameat2", lambda: None)
    monkeypatch.setattr("closedworld.store.durable.os.path.lexists", lambda _: False)
    with pytest.raises(FileExistsError):
        rename_new(ours, target)
    assert (target / "file").read_text() == "theirs"


@pytest.mark.usefixtures("way")
def test_other_failures_keep_their_kind(ours: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        rename_new(ours, tmp_path / "missing" / "name")
    with pytest.raises(FileNotFoundError):
        rename_new(tmp_path / "missing", tmp_path / "name")


def test_a_file_that_is_there_is_not_written_again(tmp_path: Path) -> None:
    write_file(tmp_path / "file", b"first")
    with pytest.raises(FileExistsError):
        write_file(tmp_path / "file", b"second")
    assert (tmp_path / "file").read_bytes() == b"first"


def test_a_write_that_takes_only_a_part_goes_on_with_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal or a nearly full disk may cut a write short."""
    really = os.write
    monkeypatch.setattr("closedworld.store.durable.os.write", lambda fd, data: really(fd, data[:3]))
    write_file(tmp_path / "file", b"0123456789")
    assert (tmp_path / "file").read_bytes() == b"0123456789"


def test_folders_are_made_with_those_above_and_a_file_in_the_way_is_an_error(
    tmp_path: Path,
) -> None:
    make_folders(tmp_path / "a" / "b" / "c")
    make_folders(tmp_path / "a" / "b" / "c")
    assert (tmp_path / "a" / "b" / "c").is_dir()
    (tmp_path / "file").write_text("")
    with pytest.raises(FileExistsError):
        make_folders(tmp_path / "file" / "below")


@pytest.mark.parametrize(
    ("number", "passes"), [(errno.EINVAL, True), (errno.EIO, False), (errno.ENOSPC, False)]
)
def test_a_file_system_that_cannot_sync_folders_is_put_up_with_and_one_that_fails_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, *, passes: bool
) -> None:
    def fsync(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("closedworld.store.durable.os.fsync", fsync)
    if passes:
        sync_folder(tmp_path)
        return
    with pytest.raises(OSError, match=os.strerror(number)):
        sync_folder(tmp_path)


@pytest.mark.parametrize("answer", ["done", errno.ENOTSUP, errno.ENOTTY, errno.EIO])
def test_macos_is_asked_to_empty_the_cache_of_the_drive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str | int
) -> None:
    """Where the file system does not know that, a plain sync has to do; other errors are errors."""
    asked: list[str] = []

    def full(descriptor: int, command: int) -> None:
        del descriptor
        asked.append(f"full {command}")
        if isinstance(answer, int):
            raise OSError(answer, "no")

    monkeypatch.setattr("closedworld.store.durable.fcntl.F_FULLFSYNC", 51, raising=False)
    monkeypatch.setattr("closedworld.store.durable.fcntl.fcntl", full)
    monkeypatch.setattr("closedworld.store.durable.os.fsync", lambda _: asked.append("plain"))
    if answer == errno.EIO:
        with pytest.raises(OSError, match="no"):
            write_file(tmp_path / "file", b"x")
        assert asked == ["full 51"]
    else:
        write_file(tmp_path / "file", b"x")
        assert asked == ["full 51"] + ["plain"] * (answer != "done")


def test_a_full_disk_of_temporary_files_has_advice_of_its_own(tmp_path: Path) -> None:
    """Another --out would not help."""
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with temporary_folder() as folder:
        for path in (folder / "picture.png", Path(tempfile.gettempdir())):
            error = not_writable(path, full)
            assert "cannot write temporary files" in error.message
            assert "TMPDIR" in error.hint
    assert "--out" in not_writable(tmp_path / "out", full).hint


def test_an_error_without_a_number_has_general_advice(tmp_path: Path) -> None:
    """Libraries raise some with a text alone."""
    error = not_writable(tmp_path / "out", OSError("out of luck"))
    assert (error.message, error.hint) == (
        f"cannot write {tmp_path / 'out'}: out of luck.",
        "Choose another --out.",
    )


@pytest.mark.parametrize("relative", [False, True])
def test_a_path_may_be_relative(
    ours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, relative: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    rename_new(Path("ours") if relative else ours, Path("free"))
    assert (tmp_path / "free" / "file").read_text() == "ours"


def test_a_folder_that_another_makes_meanwhile_is_as_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = Path.is_dir

    def missing_at_first(self: Path) -> bool:
        found = really(self)
        if not found:
            self.mkdir()
        return found

    monkeypatch.setattr(Path, "is_dir", missing_at_first)
    make_folders(tmp_path / "a")
    assert really(tmp_path / "a")


def test_only_the_names_in_a_folder_are_synced_as_such(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError):
        sync_folder(tmp_path / "file")


@pytest.fixture
def descriptors(monkeypatch: pytest.MonkeyPatch) -> dict[int, str]:
    """Paths by the descriptors that they were opened as."""
    opened: dict[int, str] = {}
    really = os.open

    def noted(path: Path | str, *more: int) -> int:
        descriptor = really(path, *more)
        opened[descriptor] = str(path)
        return descriptor

    monkeypatch.setattr("closedworld.store.durable.os.open", noted)
    return opened


def test_files_and_folders_are_closed_and_no_other_program_gets_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, descriptors: dict[int, str]
) -> None:
    inherited: list[bool] = []
    monkeypatch.setattr(
        "closedworld.store.durable.os.fsync", lambda one: inherited.append(os.get_inheritable(one))
    )
    for path, is_file in ((tmp_path / "file", True), (tmp_path, False)):
        descriptors.clear()
        if is_file:
            write_file(path, b"x")
        else:
            sync_folder(path)
        (descriptor,) = descriptors
        with pytest.raises(OSError, match=os.strerror(errno.EBADF)):
            os.fstat(descriptor)
    assert inherited == [False, False]


def test_the_names_in_folders_are_synced_from_the_deepest_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, descriptors: dict[int, str]
) -> None:
    """Not that of the folder itself."""
    synced: list[str] = []
    monkeypatch.setattr(
        "closedworld.store.durable.os.fsync", lambda one: synced.append(descriptors[one])
    )
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    sync_folders_below(tmp_path)
    assert synced == [str(tmp_path / one) for one in ("a/b/c", "a/b", "a")]


def test_bytes_are_added_to_a_file_and_all_files_are_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, descriptors: dict[int, str]
) -> None:
    paths = [tmp_path / f"{number}" for number in range(20)]
    synced: list[str] = []
    monkeypatch.setattr(
        "closedworld.store.durable.os.fsync", lambda one: synced.append(descriptors[one])
    )
    for path in paths:
        append_to_file(path, b"one")
        append_to_file(path, b"two")
        assert path.read_bytes() == b"onetwo"
    assert synced == []
    sync_files(paths)
    assert sorted(synced) == sorted(map(str, paths))


def test_a_failed_write_has_the_advice_of_its_number(tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="output-not-writable") as caught, writing_to(tmp_path):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))
    assert caught.value.hint == "The file system is read-only: choose another --out."
    unknown = not_writable(tmp_path / "out", OSError(errno.EIO, "bad luck"))
    assert unknown.hint == "Choose another --out."


def test_a_folder_of_temporary_files_is_told_by_any_part_of_the_path(tmp_path: Path) -> None:
    inside = tmp_path / "closedworld-temporary-x" / "deep" / "file"
    assert "TMPDIR" in not_writable(inside, OSError("no")).hint
    assert "TMPDIR" not in not_writable(tmp_path / "file", OSError("no")).hint
