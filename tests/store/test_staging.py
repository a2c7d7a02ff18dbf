"""Publishing: all at once or not at all, no debris, and nobody else's work is cleared away."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, NoReturn

import pyarrow as pa
import pytest

from closedworld.errors import IntegrityError, PublishError
from closedworld.published.results import find_published, open_published
from closedworld.store.durable import rename_new
from closedworld.store.local import LocalStorage, storage_at
from closedworld.store.receipt import FileEntry, Receipt, parameter_hash
from closedworld.store.staging import Staging, clear_debris, stage_file

if TYPE_CHECKING:
    from collections.abc import Callable

PATH = PurePosixPath("tile_index/DE-00000.parquet")


def stage(staging: Staging, content: bytes = b"rows", path: PurePosixPath = PATH) -> FileEntry:
    return stage_file(staging.folder, path, pa.py_buffer(content), 3)


def receipt_of(*files: FileEntry, **totals: object) -> Receipt:
    parameters = {"stage": "tiles"}
    return Receipt(
        "tiles", parameter_hash(parameters), parameters, totals, {"pyarrow": "1"}, files, {}
    )


def publish(root: Path, content: bytes = b"rows", **totals: object) -> Path:
    with Staging(storage_at(root), "tiles") as staging:
        return staging.publish(receipt_of(stage(staging, content), **totals)).folder


def everything(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*")}


def test_a_file_is_staged_with_its_size_rows_and_digest(tmp_path: Path) -> None:
    with Staging(storage_at(tmp_path), "tiles") as staging:
        entry = stage(staging, b"abc")
        assert (staging.folder.root / PATH).read_bytes() == b"abc"
    sha = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert entry == FileEntry(str(PATH), 3, 3, sha)


def test_nothing_is_visible_before_publish_and_all_of_it_after(tmp_path: Path) -> None:
    root = tmp_path / "deep" / "world"
    with Staging(storage_at(root), "tiles") as staging:
        entry = stage(staging)
        assert find_published(root) == []
        assert not (root / "tiles").exists()
        folder = staging.publish(receipt_of(entry)).folder
        assert find_published(root) == [open_published(folder)]
    assert folder == root / "tiles" / f"parameter_hash={receipt_of().parameter_hash}"
    open_published(root).verify()
    assert not (root / ".staging").exists()


def test_leaving_the_block_without_publishing_leaves_nothing(tmp_path: Path) -> None:
    with Staging(storage_at(tmp_path), "tiles") as staging:
        stage(staging)
    assert everything(tmp_path) == set()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_failure_inside_the_block_leaves_nothing(
    tmp_path: Path, error: type[BaseException]
) -> None:
    def fail() -> NoReturn:
        with Staging(storage_at(tmp_path), "tiles") as staging:
            stage(staging)
            raise error

    with pytest.raises(error):
        fail()
    assert everything(tmp_path) == set()


def test_a_staging_folder_that_cannot_be_made_leaves_no_lock_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(LocalStorage, "make_folder", full)
    with (
        pytest.raises(PublishError, match="Free some space"),
        Staging(storage_at(tmp_path), "tiles"),
    ):
        pass
    assert everything(tmp_path) == set()


def test_debris_that_cannot_be_read_leaves_no_folder_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(Staging, "_take_from_the_dead", broken)
    with (
        pytest.raises(PublishError, match=os.strerror(errno.EIO)),
        Staging(storage_at(tmp_path), "tiles"),
    ):
        pass
    assert everything(tmp_path) == set()


def test_the_same_result_published_meanwhile_is_kept(tmp_path: Path) -> None:
    with Staging(storage_at(tmp_path), "tiles") as slow:
        entry = stage(slow)
        folder = publish(tmp_path)
        before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
        assert slow.publish(receipt_of(entry)) == open_published(folder)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    assert not (tmp_path / ".staging").exists()


@pytest.mark.parametrize(
    ("content", "totals", "named"),
    [(b"other", {}, f"1 file ({PATH})"), (b"rows", {"tiles": 4}, "totals of tiles")],
)
def test_another_result_under_the_same_hash_is_refused_and_the_first_stays(
    tmp_path: Path,
    content: bytes,
    totals: dict[str, object],
    named: str,
    contents: Callable[[Path], dict[str, bytes]],
) -> None:
    folder = publish(tmp_path)
    before = contents(folder)
    with pytest.raises(PublishError) as caught:
        publish(tmp_path, content, **totals)
    assert caught.value.code == "published-differs"
    assert str(folder) in caught.value.message
    assert named in caught.value.message
    assert contents(folder) == before
    assert not (tmp_path / ".staging").exists()


def test_an_equal_result_that_was_damaged_meanwhile_is_no_success(tmp_path: Path) -> None:
    with Staging(storage_at(tmp_path), "tiles") as slow:
        entry = stage(slow)
        (publish(tmp_path) / PATH).write_bytes(b"rot!")
        with pytest.raises(IntegrityError) as caught:
            slow.publish(receipt_of(entry))
    assert caught.value.code == "file-digest"
    assert caught.value.hint == "Delete the folder, or move it away, and run again."


def test_the_same_values_in_other_bytes_published_meanwhile_are_kept(tmp_path: Path) -> None:
    """As when two versions of the program race."""
    values = {"tile_index": "d" * 64}
    with Staging(storage_at(tmp_path), "tiles") as slow:
        ours = replace(receipt_of(stage(slow)), values=values, versions={"pyarrow": "2"})
        with Staging(storage_at(tmp_path), "tiles") as fast:
            theirs = replace(receipt_of(stage(fast, b"other")), values=values)
            fast.publish(theirs)
        assert slow.publish(ours).receipt == theirs
    assert open_published(tmp_path).receipt == theirs


def test_a_folder_without_a_receipt_in_the_way_is_refused(tmp_path: Path) -> None:
    folder = publish(tmp_path)
    (folder / "_receipt.json").unlink()
    with pytest.raises(IntegrityError) as caught:
        publish(tmp_path)
    assert caught.value.code == "receipt-missing"
    assert caught.value.hint == "Delete the folder, or move it away, and run again."


def test_two_runs_side_by_side_do_not_disturb_each_other(tmp_path: Path) -> None:
    with Staging(storage_at(tmp_path), "tiles") as first:
        entry = stage(first)
        with Staging(storage_at(tmp_path), "tiles") as second:
            assert first.folder != second.folder
            stage(second)
        assert (first.folder.root / PATH).exists()
        assert clear_debris(storage_at(tmp_path)) == 0
        first.publish(receipt_of(entry))
    open_published(tmp_path).verify()


def test_staging_of_a_living_process_is_not_cleared_and_that_of_a_dead_one_is(
    tmp_path: Path,
) -> None:
    """The child stages a file, says so, and waits; then it is killed."""
    code = (
        "import sys; from closedworld.store.staging import Staging\n"
        "from closedworld.store.local import LocalStorage, storage_at\n"
        "with Staging(storage_at(sys.argv[1]), 'tiles') as staging:\n"
        "    (staging.folder.root / 'half').write_text('x')\n"
        "    print('staged', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"staged\n"
        assert clear_debris(storage_at(tmp_path)) == 0
        with Staging(storage_at(tmp_path), "tiles"):
            pass
        assert len(list((tmp_path / ".staging").glob("tiles-*/half"))) == 1
        child.kill()
    assert child.returncode == -9
    assert len(list((tmp_path / ".staging").glob("tiles-*/half"))) == 1
    with Staging(storage_at(tmp_path), "tiles"):
        assert not list((tmp_path / ".staging").glob("tiles-*/half"))
    assert everything(tmp_path) == set()


def test_debris_is_counted_and_removed(tmp_path: Path) -> None:
    staging = tmp_path / ".staging"
    for name in ("tiles-aa", "tiles-bb"):
        (staging / name / "deep").mkdir(parents=True)
        (staging / name / "deep" / "file").write_text("x")
        (staging / f"{name}.lock").touch()
    held = os.open(staging / "tiles-bb.lock", os.O_RDWR)
    fcntl.flock(held, fcntl.LOCK_EX)
    try:
        assert clear_debris(storage_at(tmp_path)) == 1
        assert clear_debris(storage_at(tmp_path), "weights") == 0
        assert everything(staging) == {
            "tiles-bb",
            "tiles-bb/deep",
            "tiles-bb/deep/file",
            "tiles-bb.lock",
        }
    finally:
        os.close(held)
    assert clear_debris(storage_at(tmp_path), "tiles") == 1
    assert everything(tmp_path) == set()
    assert clear_debris(storage_at(tmp_path / "none")) == 0


def test_a_folder_that_lost_its_lock_file_is_debris(tmp_path: Path) -> None:
    (tmp_path / ".staging" / "tiles-ab12" / "deep").mkdir(parents=True)
    assert clear_debris(storage_at(tmp_path)) == 1
    assert everything(tmp_path) == set()


def test_what_cannot_be_removed_keeps_its_lock_file_and_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the lock file nobody would ever look at the folder again."""
    with monkeypatch.context() as patch, Staging(storage_at(tmp_path), "tiles") as staging:
        stage(staging)
        patch.setattr("closedworld.store.local.shutil.rmtree", lambda *_, **__: None)
        staging.__exit__(None, None, None)
        assert {".lock", ""} == {path.suffix for path in (tmp_path / ".staging").iterdir()}
        assert clear_debris(storage_at(tmp_path)) == 0
        assert {".lock", ""} == {path.suffix for path in (tmp_path / ".staging").iterdir()}
        patch.undo()
        assert clear_debris(storage_at(tmp_path)) == 1
        staging.__enter__()
    assert everything(tmp_path) == set()


def test_a_scratch_folder_that_cannot_be_removed_keeps_its_lock_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = shutil.rmtree

    def all_but_scratch(path: Path, **options: Any) -> None:
        if path.suffix != ".scratch":
            really(path, **options)

    with monkeypatch.context() as patch, Staging(storage_at(tmp_path), "tiles") as staging:
        (staging.scratch() / "values").write_bytes(b"x")
        patch.setattr("closedworld.store.local.shutil.rmtree", all_but_scratch)
        staging.__exit__(None, None, None)
        left = {path.suffix for path in (tmp_path / ".staging").iterdir()}
        assert left == {".lock", ".scratch"}
        patch.undo()
        assert clear_debris(storage_at(tmp_path)) == 1
        staging.__enter__()
    assert everything(tmp_path) == set()


def test_a_lock_file_that_may_not_be_opened_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another user's: theirs is left alone, ours is published."""
    (tmp_path / ".staging" / "tiles-ab12").mkdir(parents=True)
    theirs = tmp_path / ".staging" / "tiles-ab12.lock"
    theirs.touch()
    really = os.open

    def refuse(path: object, *rest: object, **named: object) -> int:
        if path == theirs:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(theirs))
        return really(path, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr("closedworld.store.local.os.open", refuse)
    open_published(publish(tmp_path)).verify()
    assert everything(tmp_path / ".staging") == {"tiles-ab12", "tiles-ab12.lock"}


@pytest.mark.parametrize("below", ["file", "file/deep"])
def test_an_output_that_is_a_file_is_refused_with_advice(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(PublishError) as caught, Staging(storage_at(tmp_path / below), "tiles"):
        pass
    assert caught.value.code == "output-not-writable"
    assert str(tmp_path / below) in caught.value.message
    assert caught.value.hint == "A file stands where a folder is needed: choose another --out."
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder nobody can write to")
def test_an_output_nobody_can_write_to_is_refused() -> None:
    with pytest.raises(PublishError) as caught, Staging(storage_at(Path("/proc/world")), "tiles"):
        pass
    assert caught.value.code == "output-not-writable"
    assert "--out" in caught.value.hint


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_output_without_permission_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    with pytest.raises(PublishError) as caught, Staging(storage_at(tmp_path / "world"), "tiles"):
        pass
    assert "permissions" in caught.value.hint


def test_a_file_in_the_way_of_a_folder_is_refused_and_named(tmp_path: Path) -> None:
    with Staging(storage_at(tmp_path), "tiles") as staging:
        stage(staging)
        with pytest.raises(PublishError) as caught:
            stage(staging, path=PATH / "deeper")
        assert str(PATH) in caught.value.message


def test_a_part_that_is_written_again_is_there_once(tmp_path: Path) -> None:
    """As when a worker was lost after it wrote, and before it could tell."""
    with Staging(storage_at(tmp_path), "tiles") as staging:
        first, second = stage(staging), stage(staging)
        assert first == second
        files = [path for path in staging.folder.root.rglob("*") if path.is_file()]
        assert [path.relative_to(staging.folder.root).as_posix() for path in files] == [str(PATH)]


def test_a_part_is_not_written_once_its_run_has_ended(tmp_path: Path) -> None:
    """A worker elsewhere may go on for a while; it must not leave a folder that nobody owns."""
    with Staging(storage_at(tmp_path), "tiles") as staging:
        stage(staging)
    with pytest.raises(PublishError):
        stage(staging)
    assert not staging.folder.root.exists()


def test_what_a_lost_worker_left_half_written_is_not_published(tmp_path: Path) -> None:
    with Staging(storage_at(tmp_path), "tiles") as staging:
        entry = stage(staging)
        (staging.folder.root / PATH).with_name(".draft-DE-00001.parquet.abcd").write_text("half")
        published = staging.publish(receipt_of(entry))
    files = {path.name for path in published.folder.rglob("*") if path.is_file()}
    assert files == {PATH.name, "_receipt.json"}


def test_a_file_in_the_way_of_the_result_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "tiles").write_text("mine")
    with pytest.raises(PublishError) as caught:
        publish(tmp_path)
    assert caught.value.code == "output-not-writable"
    assert everything(tmp_path) == {"tiles"}


@pytest.mark.parametrize(
    ("number", "advice"),
    [(errno.ENOSPC, "Free some space"), (errno.EDQUOT, "quota"), (errno.EROFS, "read-only"), (errno.EIO, "Choose another")],
)  # fmt: skip
def test_a_device_that_fails_is_reported_with_advice_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, advice: str
) -> None:
    """The device fails when the bytes are flushed, as a full one does."""

    def fsync(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("closedworld.store.durable.os.fsync", fsync)
    with pytest.raises(PublishError) as caught:
        publish(tmp_path)
    assert caught.value.code == "output-not-writable"
    assert os.strerror(number) in caught.value.message
    assert advice in caught.value.hint
    assert everything(tmp_path) == set()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="names a descriptor by /proc")
def test_every_file_and_folder_is_synced_before_the_result_is_visible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a power cut could leave a published folder with holes in it."""
    order: list[str] = []
    fsync = os.fsync

    def noted_fsync(descriptor: int) -> None:
        order.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        fsync(descriptor)

    def noted_rename(source: Path, target: Path) -> None:
        order.append("RENAME")
        rename_new(source, target)

    monkeypatch.setattr("closedworld.store.durable.os.fsync", noted_fsync)
    monkeypatch.setattr("closedworld.store.local.rename_new", noted_rename)
    publish(tmp_path / "new" / "world")
    at = order.index("RENAME")
    before, after = order[:at], order[at + 1 :]
    assert {PATH.name, "_receipt.json", "tile_index"} <= set(before)
    assert any(name.startswith("tiles-") for name in before)
    assert [name for name in before if "." in name][-1] == "_receipt.json"
    assert before.index("tile_index") < before.index("_receipt.json")
    assert {tmp_path.name, "new", "world"} <= set(before)
    assert after == ["tiles", ".staging"]


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_the_umask_decides_who_may_read_and_nothing_else(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        folder = publish(tmp_path)
    finally:
        os.umask(before)
    published = open_published(folder)
    published.verify()
    assert published.receipt.to_bytes() == receipt_of(*published.receipt.files).to_bytes()
    assert folder.stat().st_mode & 0o777 == 0o777 & ~umask
    assert (folder / PATH).stat().st_mode & 0o777 == 0o666 & ~umask


def test_a_folder_of_another_stage_that_goes_meanwhile_leaves_no_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = storage_at(tmp_path)
    with Staging(storage, "tiles"):
        names = storage.list(".staging")
    monkeypatch.setattr(type(storage), "list", lambda _, key="": names if key else [])
    assert clear_debris(storage, "weights") == 0
    assert not (tmp_path / ".staging").exists()


OTHER = PurePosixPath("tile_index/FR-00001.parquet")


def failed(root: Path, error: Exception, *, identity: str = "same", finished: int = 2) -> list[str]:
    """Fail in a staging folder with some finished tasks; return the notes of the error."""

    def fail() -> NoReturn:
        with Staging(storage_at(root), "tiles", identity) as staging:
            staging.scratch()
            for name, path in (("a", PATH), ("b", OTHER))[:finished]:
                entry = stage(staging, name.encode(), path)
                staging.record_finished(name, [entry], {"rows": name})
            raise error

    with pytest.raises(type(error)) as caught:
        fail()
    return getattr(caught.value, "__notes__", [])


def test_what_a_failed_run_had_finished_waits_for_the_next_of_the_same_work(tmp_path: Path) -> None:
    """But for its scratch folder, and for tasks that the next run does not have."""
    for out, finished, text in (
        (tmp_path / "out", 1, "1 finished task is"),
        (tmp_path, 2, "2 finished tasks are"),
    ):
        assert failed(out, ValueError("no"), finished=finished) == [
            f"{text} kept in {out / '.staging'}; the same run, started again, resumes from there."
        ]
        assert not [one for one in everything(out) if "scratch" in one]
    shutil.rmtree(tmp_path / "out")
    with Staging(storage_at(tmp_path), "tiles", "same") as again:
        found = again.resume(["a", "c"])
        assert {name: one.metadata for name, one in found.items()} == {"a": {"rows": "a"}}
        assert [one.path for one in found["a"].files] == [str(PATH)]
        assert (again.folder.root / PATH).read_bytes() == b"a"
        assert not (again.folder.root / OTHER).exists()
    assert everything(tmp_path) == set()


def test_a_run_that_resumed_and_fails_keeps_what_it_had_resumed(tmp_path: Path) -> None:
    failed(tmp_path, ValueError("no"))
    assert failed(tmp_path, ValueError("no"), finished=0)[0].startswith("2 finished tasks are kept")
    with Staging(storage_at(tmp_path), "tiles", "same") as again:
        assert set(again.resume(["a", "b"])) == {"a", "b"}
        assert (again.folder.root / OTHER).read_bytes() == b"b"


@pytest.mark.parametrize(
    ("error", "identity", "finished"),
    [
        (ValueError("no"), "same", 0),
        (ValueError("no"), "", 2),
        (PublishError("output-not-writable", "no"), "same", 2),
    ],
)
def test_nothing_is_kept_that_nobody_can_resume_or_that_is_in_the_way(
    tmp_path: Path, error: Exception, identity: str, finished: int
) -> None:
    assert failed(tmp_path, error, identity=identity, finished=finished) == []
    assert everything(tmp_path) == set()


def test_other_work_clears_what_was_kept_and_uses_none_of_it(tmp_path: Path) -> None:
    failed(tmp_path, ValueError("no"))
    with Staging(storage_at(tmp_path), "tiles", "other") as other:
        assert other.resume(["a", "b"]) == {}
        assert not (other.folder.root / PATH).exists()
    assert everything(tmp_path) == set()
