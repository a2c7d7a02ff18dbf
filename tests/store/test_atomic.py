"""Files and folders: whole or not at all, and what was there stays until then."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from closedworld.errors import ConfigError, PublishError
from closedworld.store.atomic import (
    move_into_place,
    opened_for_replacing,
    replace_file,
    replacing,
    require_suffix,
    whole_file,
    whole_folder,
)


@pytest.mark.parametrize("content", ["Åland\n", "Åland\n".encode()])
def test_a_file_is_written_in_place_of_another(tmp_path: Path, content: str | bytes) -> None:
    path = tmp_path / "file.txt"
    for _ in range(2):
        replace_file(path, content)
        assert path.read_bytes() == "Åland\n".encode()
    assert list(tmp_path.iterdir()) == [path]


def test_what_was_there_stays_when_the_block_fails(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("before")

    def fail() -> None:
        with opened_for_replacing(path) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_library_sees_the_suffix(tmp_path: Path) -> None:
    with replacing(tmp_path / "points.gpkg") as staged:
        assert (staged.suffix, staged.parent) == (".gpkg", tmp_path)
        staged.write_bytes(b"x")


def test_bytes_are_on_the_device_before_the_name_and_the_name_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a power cut could leave an empty file under a good name."""
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"x")
    synced = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        synced.append((os.fstat(descriptor).st_ino, target.exists()))
        fsync(descriptor)

    monkeypatch.setattr("closedworld.store.durable.os.fsync", noted)
    file, folder = source.stat().st_ino, tmp_path.stat().st_ino
    move_into_place(source, target)
    assert synced == [(file, False), (folder, True)]


def test_an_output_file_that_cannot_be_written_is_reported_with_advice(tmp_path: Path) -> None:
    def write(path: Path) -> None:
        with whole_file(path):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(PublishError, match="Free some space"):
        write(tmp_path / "deep" / "file.txt")
    with pytest.raises(PublishError, match="it is a folder"):
        write(tmp_path)
    assert list((tmp_path / "deep").iterdir()) == []


def test_a_new_folder_has_all_files_on_the_device_before_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "days"
    synced = {}
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        synced[os.fstat(descriptor).st_ino] = target.exists()
        fsync(descriptor)

    with whole_folder(target) as staged:
        for name in ("a", "b"):
            (staged / name).write_text(name)
        monkeypatch.setattr("closedworld.store.durable.os.fsync", noted)
    assert {path.name for path in target.iterdir()} == {"a", "b"}
    own = {path.stat().st_ino: False for path in (target, *target.iterdir())}
    assert synced == {**own, tmp_path.stat().st_ino: True}
    assert list(tmp_path.iterdir()) == [target]


def test_folders_above_a_new_folder_are_made(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "a" / "b" / "days") as staged:
        (staged / "a").write_text("a")
    assert [path.name for path in (tmp_path / "a" / "b" / "days").iterdir()] == ["a"]


def test_an_empty_folder_stays_the_same_and_gets_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be a mount point, the current folder, or have rights of its own."""
    target = tmp_path / "days"
    target.mkdir(0o700)
    before = target.stat()
    monkeypatch.chdir(target)
    with whole_folder(Path()) as staged:
        (staged / "a").write_text("a")
        assert not Path("a").exists()
    assert [path.name for path in Path().iterdir()] == ["a"]
    after = target.stat()
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)


def test_a_folder_that_is_not_finished_leaves_nothing(tmp_path: Path) -> None:
    def fail(error: BaseException) -> None:
        with whole_folder(tmp_path / "days") as staged:
            (staged / "a").write_text("half")
            raise error

    with pytest.raises(KeyboardInterrupt):
        fail(KeyboardInterrupt())
    with pytest.raises(PublishError, match="Free some space"):
        fail(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "days").mkdir()
    with pytest.raises(KeyboardInterrupt):
        fail(KeyboardInterrupt())
    assert [path.name for path in tmp_path.rglob("*")] == ["days"]


@pytest.mark.parametrize(
    ("name", "code"),
    [("a.csv", None), ("b.GPKG", None), ("c.xlsx", "output-format"), ("d\udcff.csv", "path-not-utf-8")],
)  # fmt: skip
def test_the_name_of_a_file_must_say_a_format_and_be_utf_8(
    tmp_path: Path, name: str, code: str | None
) -> None:
    with pytest.raises(ConfigError, match=r"Name it with \.tsv\."):
        require_suffix(tmp_path / "a.xlsx", (".tsv",))
    if code is None:
        require_suffix(tmp_path / name, (".csv", ".gpkg"))
    else:
        with pytest.raises(ConfigError, match=code):
            require_suffix(tmp_path / name, (".csv", ".gpkg"))
