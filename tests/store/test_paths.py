"""Paths of results: what is in a name, and that a country code never makes a path."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from closedworld.store.paths import hash_of_folder, part_path, stage_folder

HASH = "0123456789abcdef" * 4


def test_a_part_is_named_by_dataset_country_and_number() -> None:
    assert str(part_path("tile_index", "DE", 7)) == "tile_index/country_iso=DE/part-00007.parquet"


@pytest.mark.parametrize(
    "code",
    ["", "D", "DEU", "de", "D\n", "DE\n", "..", "D/", "/D", "D\0", "\u00c4\u00d6", "A=", "\u0391\u0392"],
)  # fmt: skip
def test_what_is_no_country_code_never_becomes_a_path(code: str) -> None:
    with pytest.raises(ValueError, match="not a country code"):
        part_path("tile_index", code, 0)


@given(st.text())
def test_only_two_capital_letters_become_a_path(code: str) -> None:
    try:
        path = part_path("tile_index", code, 0)
    except ValueError:
        assert not (len(code) == 2 and code.isascii() and code.isalpha() and code.isupper())
        return
    assert path.parts == ("tile_index", f"country_iso={code}", "part-00000.parquet")


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
