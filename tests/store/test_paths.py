"""Paths of results: what is in a name, and that a code never leads out of its folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from closedworld.datasets import Partition
from closedworld.errors import ConfigError
from closedworld.store.local import storage_at
from closedworld.store.paths import hash_of_folder, hash_of_key, part_path, result_key, stage_folder
from closedworld.store.receipt import FileEntry

HASH = "0123456789abcdef" * 4


def test_a_part_is_named_by_dataset_partition_and_number() -> None:
    path = part_path("tile_index", Partition.of_country("DE"), 7)
    assert str(path) == "tile_index/DE-00007.parquet"
    path = part_path("purchases", Partition("date", "2026-01-07"), 0)
    assert str(path) == "purchases/2026-01-07-00000.parquet"


@pytest.mark.parametrize(
    "code",
    ["", "D\n", "DE\n", ".", "..", "D/", "/D", "D\\", "D\0", "D.", "-D", "_D", "D E", "\u00c4\u00d6", "A=", "\u0391\u0392", "D" * 65],
)  # fmt: skip
def test_what_could_lead_elsewhere_never_names_a_file(code: str) -> None:
    with pytest.raises(ValueError, match="not a partition"):
        Partition("country_iso", code)
    with pytest.raises(ValueError, match="not a partition"):
        Partition(code, "DE")


@given(st.text(), st.text())
def test_a_partition_always_names_a_file_in_its_dataset(column: str, value: str) -> None:
    try:
        partition = Partition(column, value)
    except ValueError:
        return
    path = part_path("tile_index", partition, 0)
    assert path.parts == ("tile_index", f"{value}-00000.parquet")
    assert FileEntry(str(path), 1, 1, "").partition_value == value


@pytest.mark.parametrize(
    "name",
    ["", "DE", "DE.parquet", "-00000.parquet", "DE-0.parquet", "DE-00000.parquet\n", "D.-00000.parquet"],
)  # fmt: skip
def test_other_files_are_in_no_partition(name: str) -> None:
    with pytest.raises(ValueError, match="not the name of a part file"):
        Partition.value_of(name)


def test_a_result_is_named_by_its_stage_and_hash() -> None:
    folder = stage_folder(Path("world"), "tiles", HASH)
    assert folder == Path("world") / "tiles" / f"parameter_hash={HASH}"
    assert hash_of_folder(folder) == HASH


@pytest.mark.parametrize(
    "name",
    ["tiles", "", f"parameter_hash={HASH[:-1]}", f"parameter_hash={HASH.upper()}", f"hash={HASH}", HASH, f"parameter_hash={HASH}\n"],
)  # fmt: skip
def test_other_names_state_no_hash(name: str) -> None:
    assert hash_of_folder(Path("world") / name) is None


def test_a_key_is_that_of_a_result_of_its_stage() -> None:
    assert hash_of_key("tiles", result_key("tiles", HASH)) == HASH
    for key in (
        result_key("weights", HASH),
        result_key("tiles", HASH[:-1]),
        result_key("tiles", "../" + HASH),
        f"../tiles/parameter_hash={HASH}",
        f"tiles/{HASH}",
        HASH,
        "",
    ):
        assert hash_of_key("tiles", key) is None, key


def test_a_place_whose_name_is_not_utf_8_is_no_storage(tmp_path: Path) -> None:
    assert storage_at(tmp_path).root == tmp_path
    with pytest.raises(ConfigError, match="path-not-utf-8"):
        storage_at(tmp_path / "w\udcff")
