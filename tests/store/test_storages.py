"""Every storage keeps the promises of the protocol, and a world lives in one that has no folders."""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from object_storage import ObjectStorage

from closedworld.errors import IntegrityError, PublishError
from closedworld.published.cumulative_weights import read_cumulative_weights
from closedworld.published.results import find_published, open_dataset
from closedworld.published.tile_index import open_index
from closedworld.stages.tiles.build import build_tile_index
from closedworld.stages.weights.build import build_tile_weights
from closedworld.store.journal import (
    FinishedTask,
    finished_tasks,
    open_journal,
    record_finished,
)
from closedworld.store.local import LocalStorage
from closedworld.store.receipt import FileEntry

if TYPE_CHECKING:
    from closedworld.inputs.regions.country_set import CountrySet
    from closedworld.kernels.grid import Grid
    from closedworld.stages.tiles.outcome import TileIndex
    from closedworld.store.protocol import Storage


@pytest.fixture(params=["local", "objects"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """A storage with nothing in it but the key that makes it exist."""
    bucket = tmp_path / "bucket"
    bucket.mkdir()
    made: Storage = LocalStorage(bucket)
    if request.param == "objects":
        made = ObjectStorage(bucket, Path("world"))
    made.put("here", b"")
    return made


def read(storage: Storage, key: str) -> bytes:
    with storage.open(key) as file:
        return file.read()


def test_what_is_put_is_there_whole_and_is_replaced(storage: Storage) -> None:
    for content in (b"first", b"other"):
        storage.put("a/b/file", content)
        assert read(storage, "a/b/file") == content
        assert storage.size("a/b/file") == len(content)
    assert list(storage.list("a/b")) == ["file"]
    assert storage.is_whole("a/b/file", 5, "d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa")  # fmt: skip
    assert not storage.is_whole("a/b/file", 4, "d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa")  # fmt: skip
    assert not storage.is_whole("a/b/file", 5, "0" * 64)
    assert not storage.is_whole("a/b/none", 5, "0" * 64)


def test_names_of_folders_end_with_a_slash(storage: Storage) -> None:
    for key in ("a/x", "a/b/y", "a/b.z"):
        storage.put(key, b"")
    assert list(storage.list("a")) == ["b.z", "b/", "x"]
    assert list(storage.below("a").list("b")) == ["y"]
    assert list(storage.list()) == ["a/", "here"]


def test_what_is_not_there_is_said_to_be_missing(storage: Storage) -> None:
    for ask in (storage.size, storage.open, storage.list):
        with pytest.raises(FileNotFoundError):
            ask("none")
    assert storage.remove("none")


def test_a_folder_goes_with_all_in_it(storage: Storage) -> None:
    for key in ("a/x", "a/b/y", "ab"):
        storage.put(key, b"")
    assert storage.remove("a")
    assert list(storage.list()) == ["ab", "here"]
    assert storage.remove("ab")
    assert list(storage.list()) == ["here"]


def test_what_is_appended_follows_and_what_is_moved_keeps_its_bytes(storage: Storage) -> None:
    storage.append("journal", b"one ")
    storage.append("journal", b"two")
    storage.move("journal", "a/moved")
    assert read(storage, "a/moved") == b"one two"
    assert list(storage.list()) == ["a/", "here"]


def test_a_lock_has_one_holder(storage: Storage) -> None:
    lock = storage.lock("a.lock")
    assert lock is not None
    assert storage.lock("a.lock") is None
    lock.close()
    again = storage.lock("a.lock")
    assert again is not None
    again.close()


def test_a_file_that_goes_before_it_is_locked_is_no_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its holder took it away; another run may have made a new one of that name."""
    flock = fcntl.flock

    def late(descriptor: int, operation: int) -> None:
        (tmp_path / "a.lock").unlink()
        flock(descriptor, operation)

    with monkeypatch.context() as patch:
        patch.setattr("closedworld.store.local.fcntl.flock", late)
        assert LocalStorage(tmp_path).lock("a.lock") is None
    again = LocalStorage(tmp_path).lock("a.lock")
    assert again is not None
    again.close()


def test_a_task_is_finished_only_if_all_its_files_are_whole(storage: Storage) -> None:
    digest = hashlib.sha256(b"x").hexdigest()
    files = tuple(FileEntry(f"tile_index/{name}", 1, 1, digest) for name in ("a", "b"))
    task = FinishedTask("FR 0", files)
    open_journal(storage, "journal", "identity")
    record_finished(storage, "journal", task)
    for name, content in (("a", b"x"), ("b", b"y")):
        storage.put(f"dead/tile_index/{name}", content)
    assert list(finished_tasks(storage, "journal", "identity", "dead")) == []
    storage.put("dead/tile_index/b", b"x")
    assert list(finished_tasks(storage, "journal", "identity", "dead")) == [task]


def test_of_two_commits_to_one_name_one_takes_it(storage: Storage) -> None:
    for name in ("one", "two"):
        storage.make_folder(name)
        storage.below(name).put("part", name.encode())
    storage.sync(["one/part"])
    assert storage.commit("one", "tiles/result", b"receipt of one")
    assert not storage.commit("two", "tiles/result", b"receipt of two")
    result = storage.below("tiles/result")
    assert list(result.list()) == ["_receipt.json", "part"]
    assert (read(result, "part"), read(result, "_receipt.json")) == (b"one", b"receipt of one")


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The bucket of a storage of objects, in which every place lies while the test runs."""
    bucket = tmp_path / "bucket"
    bucket.mkdir()

    def storage_at(place: Path | str) -> ObjectStorage:
        return ObjectStorage(bucket, Path(place))

    for module in ("stages.runner", "published.results", "store.reading"):
        monkeypatch.setattr(f"closedworld.{module}.storage_at", storage_at)
    return bucket


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    """A reader would wait for it, and so would pyarrow."""
    os.mkfifo(tmp_path / "pipe")
    storage = LocalStorage(tmp_path)
    for read_it in (storage.size, storage.open, lambda key: storage.for_arrow([key])):
        with pytest.raises(OSError, match="Not a regular file"):
            read_it("pipe")
    assert not storage.is_whole("pipe", 0, hashlib.sha256(b"").hexdigest())


def test_a_world_is_published_and_read_where_there_are_no_folders(
    tiny_index: TileIndex, bucket: Path, tiny: CountrySet, half_degrees: Grid
) -> None:
    """Its receipt is that of a local folder, byte for byte."""
    index = build_tile_index(tiny, half_degrees, "world", executor="serial")
    weights = build_tile_weights(open_index("world"), "world", basis="area_m2", executor="serial")
    assert not Path("world").exists()
    assert all(path.is_file() for path in bucket.iterdir())
    assert index.published.receipt == tiny_index.published.receipt
    for one in find_published("world"):
        one.verify()
    opened = open_index("world")
    assert opened.spans == {iso: own for iso, own in index.world.spans.items() if own}
    rows = open_dataset("world", "tile_weights").to_table()
    assert rows.num_rows == sum(index.world.tile_counts.values())
    russia = read_cumulative_weights(weights.published, opened)["RU"]
    every = np.concatenate(list(russia.tile_weights()))
    assert int(every.sum()) == russia.total
    assert build_tile_index(tiny, half_degrees, "world", executor="serial").reused


def test_nothing_is_left_of_a_run_that_failed(
    bucket: Path, tiny: CountrySet, half_degrees: Grid, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ObjectStorage, "sync", fail)
    with pytest.raises(PublishError, match="output-not-writable"):
        build_tile_index(tiny, half_degrees, "world", executor="serial")
    assert list(bucket.iterdir()) == []


def test_damage_to_an_object_is_found(bucket: Path, tiny: CountrySet, half_degrees: Grid) -> None:
    build_tile_index(tiny, half_degrees, "world", executor="serial")
    part = next(path for path in bucket.iterdir() if path.name.endswith(".parquet"))
    part.write_bytes(part.read_bytes()[:-1] + b"?")
    with pytest.raises(IntegrityError, match="file-digest"):
        build_tile_index(tiny, half_degrees, "world", executor="serial")


def test_a_link_to_a_folder_is_a_file(tmp_path: Path) -> None:
    """It goes without what it leads to, and is no whole file."""
    storage = LocalStorage(tmp_path / "out")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_bytes(b"x")
    storage.root.mkdir()
    (storage.root / "folder").symlink_to(tmp_path / "elsewhere")
    (storage.root / "file").symlink_to(tmp_path / "elsewhere" / "file")
    assert storage.list() == ["file", "folder"]
    assert not storage.is_whole("file", 1, hashlib.sha256(b"x").hexdigest())
    assert storage.remove("folder")
    assert storage.remove("file")
    assert (tmp_path / "elsewhere" / "file").read_bytes() == b"x"
    assert storage.list() == []


def test_a_file_is_whole_with_its_size_and_digest(tmp_path: Path) -> None:
    storage, digest = LocalStorage(tmp_path), hashlib.sha256(b"x").hexdigest()
    storage.put("folder/file", b"x")
    assert storage.is_whole("folder/file", 1, digest)
    assert not storage.is_whole("folder/file", 2, digest)
    assert not storage.is_whole("folder/file", 1, hashlib.sha256(b"y").hexdigest())
    assert not storage.is_whole("folder/none", 1, digest)
    assert not storage.is_whole("folder/none", 0, digest)
    assert not storage.is_whole("folder", (tmp_path / "folder").stat().st_size, digest)


def test_what_is_gone_is_removed_and_what_cannot_be_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = LocalStorage(tmp_path)
    storage.put("a/b/file", b"x")
    assert storage.remove("none")
    assert not storage.remove("a/b/file/below")
    storage.remove_if_empty("a")
    assert storage.list("a") == ["b/"]
    with monkeypatch.context() as patch:
        patch.setattr("closedworld.store.local.shutil.rmtree", lambda *_, **__: None)
        assert not storage.remove("a")
    assert storage.remove("a")
    storage.make_folder("empty")
    storage.remove_if_empty("empty")
    assert storage.list() == []


def test_a_scratch_folder_is_the_same_when_it_is_asked_for_again(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    (storage.scratch("deep") / "file").write_bytes(b"x")
    assert (storage.scratch("deep") / "file").read_bytes() == b"x"


def test_who_may_read_and_write_is_up_to_the_umask(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    before = os.umask(0)
    try:
        storage.put("file", b"x")
        lock = storage.lock("locks/lock")
    finally:
        os.umask(before)
    assert lock is not None
    lock.close()
    modes = [stat.S_IMODE((tmp_path / key).stat().st_mode) for key in ("file", "locks/lock")]
    assert modes == [0o666, 0o644]
