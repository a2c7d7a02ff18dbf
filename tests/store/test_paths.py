"""Paths of results: what is in a name, and that a code never leads out of its folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from closedworld.datasets import Partition
from closedworld.store.paths import hash_of_folder, part_path, result_key
from closedworld.store.receipt import FileEntry

HASH = "0123456789abcdef" * 4


def test_a_part_is_named_by_dataset_partition_and_number() -> None:
    path = part_path("tile_index", Partition.of_country("DE"), 7)
    assert str(path) == "tile_index/country_iso=DE/part-00007.parquet"
    path = part_path("purchases", Partition("date", "2026-01-07"), 0)
    assert str(path) == "purchases/date=2026-01-07/part-00000.parquet"


@pytest.mark.parametrize(
    "code",
    ["", "D\n", "DE\n", ".", "..", "D/", "/D", "D\\", "D\0", "D.E", "-D", "_D", "D E", "\u00c4\u00d6", "A=", "\u0391\u0392", "D" * 65],
)  # fmt: skip
def test_what_could_lead_elsewhere_never_names_a_folder(code: str) -> None:
    with pytest.raises(ValueError, match="not a partition"):
        Partition("country_iso", code)
    with pytest.raises(ValueError, match="not a partition"):
        Partition(code, "DE")


@given(st.text(), st.text())
def test_a_partition_is_always_one_folder(column: str, value: str) -> None:
    try:
        partition = Partition(column, value)
    except ValueError:
        return
    path = part_path("tile_index", partition, 0)
    assert path.parts == ("tile_index", f"{column}={value}", "part-00000.parquet")
    assert FileEntry(str(path), 1, 1, "").path == str(path)
    assert Partition.of_folder(str(partition)) == partition


@pytest.mark.parametrize("name", ["", "DE", "country_iso", "=DE", "country_iso=", "a=b=c"])
def test_other_folders_are_no_partitions(name: str) -> None:
    with pytest.raises(ValueError, match="not a partition"):
        Partition.of_folder(name)


def test_a_result_is_named_by_its_stage_and_hash() -> None:
    key = result_key("tiles", HASH)
    assert key == f"tiles/parameter_hash={HASH}"
    assert hash_of_folder(Path(key)) == HASH


@pytest.mark.parametrize(
    "name",
    ["tiles", "", f"parameter_hash={HASH[:-1]}", f"parameter_hash={HASH.upper()}", f"hash={HASH}", HASH, f"parameter_hash={HASH}\n"],
)  # fmt: skip
def test_other_names_state_no_hash(name: str) -> None:
    assert hash_of_folder(Path("world") / name) is None
