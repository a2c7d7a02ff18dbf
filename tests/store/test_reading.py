"""Only what has a receipt is data, and any damage to it is found."""

from __future__ import annotations

import errno
import os
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

import pyarrow.parquet as pq
import pytest

from closedworld.datasets.parameters import TileTotals, WeightParameters
from closedworld.errors import ClosedWorldError, ConfigError, IntegrityError
from closedworld.published.results import find_published, open_dataset, open_published
from closedworld.stages.tiles.build import build_tile_index
from closedworld.store.local import LocalStorage
from closedworld.store.paths import RECEIPT_NAME
from closedworld.store.reading import has_receipt
from closedworld.testing import tiny_grid

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from closedworld.inputs.regions.country_set import CountrySet
    from closedworld.kernels.grid import Grid
    from closedworld.stages.tiles.outcome import TileIndex
    from closedworld.store.reading import Published

PART = "tile_index/FR-00000.parquet"


@pytest.fixture
def copy(tiny_index: TileIndex, tmp_path: Path) -> Published:
    """A copy of the made-up world that may be damaged."""
    source = tiny_index.published.folder
    shutil.copytree(source.parent.parent, tmp_path / "world")
    return open_published(tmp_path / "world")


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def lengthen(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def replace_by_folder(path: Path) -> None:
    size = path.stat().st_size
    path.unlink()
    path.mkdir()
    assert path.stat().st_size != size


def add(path: Path) -> None:
    shutil.copy(path, path.with_name("FR-00001.parquet"))


def add_elsewhere(path: Path) -> None:
    (path.parents[1] / "notes.txt").write_text("hello")


def add_hidden(path: Path) -> None:
    (path.parent / ".hidden").write_text("")


def add_link(path: Path) -> None:
    (path.parents[1] / "tile_links").symlink_to(path.parent, target_is_directory=True)


def delete(path: Path) -> None:
    path.unlink()


def delete_country(path: Path) -> None:
    shutil.rmtree(path.parent)


DAMAGE: list[tuple[Callable[[Path], None], str]] = [
    (flip, "file-digest"),
    (truncate, "file-size"),
    (lengthen, "file-size"),
    (replace_by_folder, "file-size"),
    (add, "file-unexpected"),
    (add_elsewhere, "file-unexpected"),
    (add_hidden, "file-unexpected"),
    (add_link, "file-unexpected"),
    (delete, "file-missing"),
    (delete_country, "file-missing"),
]


@pytest.mark.parametrize(("harm", "code"), DAMAGE, ids=[harm.__name__ for harm, _ in DAMAGE])
def test_damage_is_found_and_never_reused(
    copy: Published, tiny: CountrySet, half_degrees: Grid, harm: Callable[[Path], None], code: str
) -> None:
    """By ``verify``, by ``open_dataset(verify=True)`` and by building the same world again."""
    copy.verify()
    harm(copy.folder / PART)
    root = copy.folder.parent.parent
    for check in (
        copy.verify,
        lambda: open_dataset(root, verify=True),
        lambda: build_tile_index(tiny, half_degrees, root),
    ):
        with pytest.raises(IntegrityError) as caught:
            check()
        assert caught.value.code == code
        assert str(copy.folder) in caught.value.message
        advice = "Remove that file." if code == "file-unexpected" else "Delete the folder and build"
        assert caught.value.hint.startswith(advice)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_damage(copy: Published) -> None:
    (copy.folder / PART).chmod(0)
    with pytest.raises(IntegrityError) as caught:
        copy.verify()
    assert caught.value.code == "file-unreadable"


def test_deleting_the_folder_as_advised_mends_it(
    copy: Published,
    tiny: CountrySet,
    half_degrees: Grid,
    contents: Callable[[Path], dict[str, bytes]],
) -> None:
    whole = contents(copy.folder)
    flip(copy.folder / PART)
    shutil.rmtree(copy.folder)
    index = build_tile_index(tiny, half_degrees, copy.folder.parent.parent)
    assert not index.reused
    assert contents(copy.folder) == whole


def test_without_verify_a_dataset_opens_unread(copy: Published) -> None:
    """The receipt alone decides which files belong to it."""
    add(copy.folder / PART)
    rows = open_dataset(copy.folder).count_rows()
    assert rows == copy.receipt.datasets()["tile_index"]["rows"]


def test_only_the_datasets_that_are_named_are_verified(copy: Published) -> None:
    flip(copy.folder / PART)
    copy.verify(["tile_bounds", "tile_spans"])
    with pytest.raises(IntegrityError, match="file-digest"):
        copy.verify(["tile_bounds", "tile_index"])


def test_a_receipt_that_lists_no_part_file_in_a_dataset_is_refused(copy: Published) -> None:
    entry = replace(copy.receipt.files[0], path="tile_index/notes.txt")
    receipt = replace(copy.receipt, files=(*copy.receipt.files, entry))
    with pytest.raises(IntegrityError, match="receipt-unreadable") as caught:
        replace(copy, receipt=receipt).files("tile_index")
    assert "tile_index/notes.txt" in caught.value.message


def test_figures_that_a_receipt_lacks_are_missed(copy: Published) -> None:
    bare = replace(copy, receipt=replace(copy.receipt, totals={}))
    with pytest.raises(IntegrityError, match=r"receipt-unreadable.* has no totals of its stage: "):
        bare.totals(TileTotals)
    with pytest.raises(
        IntegrityError, match=r"receipt-unreadable.* has no parameters of weights: "
    ):
        copy.parameters(WeightParameters)


def test_columns_are_read_of_all_partitions_or_one(copy: Published) -> None:
    whole = copy.dataset("tile_index").to_table(columns=["country_iso", "tile_id"])
    assert copy.read("tile_index", ["country_iso", "tile_id"]).equals(whole.combine_chunks())
    one = copy.read("tile_index", ["tile_id"], "FR")
    assert 0 < one.num_rows < whole.num_rows
    assert copy.read("tile_index", ["tile_id"], "XX").num_rows == 0
    truncate(copy.folder / PART)
    with pytest.raises(IntegrityError, match="file-unreadable"):
        copy.read("tile_index", ["tile_id"], "FR")


def test_a_changed_page_is_found_as_it_is_read(copy: Published) -> None:
    """Without its checksum other values would be read, in silence."""
    path = copy.folder / PART
    whole, data = pq.read_table(path, columns=["raster_row"]), bytearray(path.read_bytes())
    group = pq.ParquetFile(path).metadata.row_group(0)
    (column,) = (group.column(i) for i in range(group.num_columns) if group.column(i).path_in_schema == "raster_row")  # fmt: skip
    # The last byte of the page of its dictionary.
    data[column.data_page_offset - 1] ^= 1
    path.write_bytes(data)
    assert not pq.read_table(path, columns=["raster_row"]).equals(whole)
    with pytest.raises(IntegrityError, match="file-unreadable"):
        copy.read("tile_index", ["raster_row"], "FR")


@pytest.mark.parametrize("level", ["root", "stage", "hash"])
def test_a_result_opens_from_its_root_its_stage_and_its_own_folder(
    tiny_index: TileIndex, level: str
) -> None:
    folder = tiny_index.published.folder
    path = {"root": folder.parent.parent, "stage": folder.parent, "hash": folder}[level]
    for given in (path, str(path)):
        assert open_published(given) == tiny_index.published
        assert find_published(given) == [tiny_index.published]


def test_a_folder_renamed_to_another_hash_is_refused(
    copy: Published, tiny: CountrySet, half_degrees: Grid
) -> None:
    other = copy.folder.with_name("parameter_hash=" + "0" * 64)
    copy.folder.rename(other)
    for path in (other, other.parent, other.parent.parent):
        with pytest.raises(IntegrityError) as caught:
            open_published(path)
        assert caught.value.code == "published-under-another-hash"
        assert copy.receipt.parameter_hash in caught.value.message
    # The world itself is built beside it.
    assert not build_tile_index(tiny, half_degrees, other.parent.parent).reused


def test_another_world_under_the_hash_of_this_one_is_not_reused(
    copy: Published, tiny: CountrySet, half_degrees: Grid, tmp_path: Path
) -> None:
    foreign = build_tile_index(tiny, tiny_grid(1.0), tmp_path / "other")
    shutil.rmtree(copy.folder)
    shutil.copytree(foreign.published.folder, copy.folder)
    with pytest.raises(IntegrityError) as caught:
        build_tile_index(tiny, half_degrees, copy.folder.parent.parent)
    assert caught.value.code == "published-under-another-hash"


def test_a_result_may_be_copied_out_under_a_name_of_ones_own(
    copy: Published, tmp_path: Path
) -> None:
    shutil.copytree(copy.folder, tmp_path / "mine")
    mine = open_published(tmp_path / "mine")
    mine.verify()
    assert mine.receipt == copy.receipt


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (None, "receipt-missing"),
        (b"", "receipt-unreadable"),
        (b"\xff\xfe", "receipt-unreadable"),
        (b"[" * 100_000, "receipt-unreadable"),
    ],
    ids=["missing", "empty", "garbled", "nested"],
)
def test_a_folder_whose_receipt_is_gone_or_bad_is_neither_data_nor_reused(
    copy: Published, tiny: CountrySet, half_degrees: Grid, content: bytes | None, code: str
) -> None:
    receipt = copy.folder / RECEIPT_NAME
    receipt.unlink()
    if content is not None:
        receipt.write_bytes(content)
    root = copy.folder.parent.parent
    for check in (lambda: open_published(root), lambda: build_tile_index(tiny, half_degrees, root)):
        with pytest.raises(IntegrityError) as caught:
            check()
        assert caught.value.code == code
        assert str(root) in caught.value.message
        assert caught.value.hint
    with pytest.raises(IntegrityError, match="elete"):
        build_tile_index(tiny, half_degrees, root)


def test_an_edited_receipt_is_refused(
    copy: Published, tiny: CountrySet, half_degrees: Grid
) -> None:
    receipt = copy.folder / RECEIPT_NAME
    receipt.write_text(receipt.read_text().replace('"rule": "center"', '"rule": "any_overlap"'))
    for check in (
        lambda: open_published(copy.folder),
        lambda: build_tile_index(tiny, half_degrees, copy.folder.parent.parent),
    ):
        with pytest.raises(IntegrityError) as caught:
            check()
        assert caught.value.code == "receipt-hash"


def test_a_path_that_is_not_there_is_refused(tmp_path: Path) -> None:
    for find in (find_published, open_published):
        with pytest.raises(ConfigError) as caught:
            find(tmp_path / "none")
        assert caught.value.code == "path-missing"
        assert str(tmp_path / "none") in caught.value.message


@pytest.mark.parametrize("kind", ["empty", "file"])
def test_a_path_without_a_result_is_refused_with_advice(tmp_path: Path, kind: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    assert find_published(tmp_path / kind) == []
    with pytest.raises(IntegrityError) as caught:
        open_published(tmp_path / kind)
    assert caught.value.code == "receipt-missing"
    assert "closedworld run" in caught.value.hint


def test_of_several_results_one_must_be_named(copy: Published, tiny: CountrySet) -> None:
    root = copy.folder.parent.parent
    other = build_tile_index(tiny, tiny_grid(1.0), root).published
    assert find_published(root) == sorted([copy, other], key=lambda one: one.folder)
    assert open_dataset(root).count_rows() == open_dataset(other.folder).count_rows()
    (root / "names" / "latest").unlink()
    with pytest.raises(ConfigError) as caught:
        open_dataset(root)
    assert caught.value.code == "published-several"
    assert str(copy.folder) in caught.value.hint
    assert str(other.folder) in caught.value.hint
    assert open_published(other.folder) == other
    # They differ in their grids, and in nothing else that would have to be told.
    assert f"{copy.folder} (grid cell height 0.5, grid cell width 0.5, " in caught.value.hint
    assert "grid n rows 120" in caught.value.hint
    assert "rule" not in caught.value.hint


@pytest.mark.parametrize("name", ["tiles", "", "tile_weights", "../tile_index", RECEIPT_NAME])
def test_an_unknown_dataset_is_refused_and_the_known_are_named(
    tiny_index: TileIndex, name: str
) -> None:
    with pytest.raises(ClosedWorldError) as caught:
        open_dataset(tiny_index.published.folder, name)
    assert caught.value.code == "dataset-unknown"
    assert "tile_bounds, tile_index, tile_spans" in caught.value.hint


def test_a_file_that_the_device_does_not_give_is_damage(
    copy: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: LocalStorage, key: str) -> NoReturn:
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(self.root / key))

    for method, checks in (
        ("open", (copy.verify,)),
        ("size", (copy.verify, copy.expect_files, lambda: copy.dataset("tile_index"))),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(LocalStorage, method, broken)
            for check in checks:
                with pytest.raises(IntegrityError, match="cannot be read: Input") as caught:
                    check()
                assert caught.value.code == "file-unreadable"
    copy.verify()


@pytest.mark.parametrize(("harm", "code"), [(lengthen, "file-size"), (delete, "file-missing")])
def test_sizes_are_looked_at_without_verify(
    copy: Published, harm: Callable[[Path], None], code: str
) -> None:
    copy.expect_files()
    harm(copy.folder / PART)
    for check in (copy.expect_files, lambda: copy.dataset("tile_index")):
        with pytest.raises(IntegrityError) as caught:
            check()
        assert caught.value.code == code
    assert copy.dataset("tile_bounds").count_rows() > 0


def test_a_dataset_is_one_of_the_stage_and_has_files(copy: Published) -> None:
    rest = tuple(one for one in copy.receipt.files if one.dataset != "tile_bounds")
    changes: tuple[tuple[dict[str, Any], str], ...] = (
        ({"files": rest}, "tile_bounds"),
        ({"stage": "other"}, "tile_index"),
        ({}, "tile_weights"),
    )
    for changed, name in changes:
        published = replace(copy, receipt=replace(copy.receipt, **changed))
        with pytest.raises(ConfigError, match="dataset-unknown") as caught:
            published.dataset(name)
        assert f"holds no dataset {name!r}" in caught.value.message
    assert replace(copy, receipt=replace(copy.receipt, files=rest)).dataset("tile_index")


def test_a_folder_has_a_receipt_if_something_is_there_by_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = LocalStorage(tmp_path)
    assert not has_receipt(storage)
    assert not has_receipt(LocalStorage(tmp_path / "none"))
    assert not has_receipt(LocalStorage(tmp_path / "no\0name"))
    (tmp_path / "file").write_text("")
    assert not has_receipt(LocalStorage(tmp_path / "file"))
    os.mkfifo(tmp_path / RECEIPT_NAME)
    assert has_receipt(storage)
    (tmp_path / RECEIPT_NAME).unlink()
    (tmp_path / RECEIPT_NAME).mkdir()
    assert has_receipt(storage)

    def forbidden(*_: object) -> NoReturn:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(LocalStorage, "size", forbidden)
    with pytest.raises(PermissionError):
        has_receipt(storage)
