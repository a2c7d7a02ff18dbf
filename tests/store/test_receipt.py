"""Receipts: canonical, free of time and place, and refused when anything about them is odd."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from closedworld.errors import IntegrityError
from closedworld.store.local import storage_at
from closedworld.store.paths import RECEIPT_NAME
from closedworld.store.receipt import FileEntry, Receipt, parameter_hash, read_receipt

if TYPE_CHECKING:
    from pathlib import Path

    from closedworld.stages.tiles.outcome import TileIndex

SHA = "a" * 64
PARAMETERS = {"stage": "tiles", "grid": {"west": -180.0, "cell": 1 / 120}, "countries": ["DE"]}


def receipt(**changes: Any) -> Receipt:
    content: dict[str, Any] = {
        "stage": "tiles",
        "parameter_hash": parameter_hash(PARAMETERS),
        "parameters": PARAMETERS,
        "totals": {"tiles": 3},
        "versions": {"closedworld": "0.1.0"},
        "files": (
            FileEntry("tile_index/DE-00000.parquet", 10, 2, SHA),
            FileEntry("tile_index/DE-00001.parquet", 5, 1, SHA),
            FileEntry("tile_spans/DE-00000.parquet", 4, 1, SHA),
        ),
        "values": {"tile_index": "b" * 64, "tile_spans": "c" * 64},
    }
    return Receipt(**{**content, **changes})


def edited(**changes: Any) -> bytes:
    return json.dumps({**json.loads(receipt().to_bytes()), **changes}).encode()


def refusal(text: bytes) -> IntegrityError:
    with pytest.raises(IntegrityError) as caught:
        Receipt.from_bytes(text, "world/_receipt.json")
    assert "world/_receipt.json" in caught.value.message
    assert caught.value.hint
    return caught.value


def test_a_receipt_comes_back_from_its_bytes() -> None:
    there = receipt()
    assert Receipt.from_bytes(there.to_bytes(), "here") == there
    assert Receipt.from_bytes(there.to_bytes(), "here").to_bytes() == there.to_bytes()


def test_the_order_in_which_parameters_were_put_together_does_not_count() -> None:
    backwards = dict(reversed(PARAMETERS.items()))
    assert receipt(parameters=backwards).to_bytes() == receipt().to_bytes()
    assert parameter_hash(backwards) == parameter_hash(PARAMETERS)


def test_the_hash_is_sha256_of_json_with_sorted_keys_and_no_white_space() -> None:
    """By hand: printf '%s' '{"a":0.1,"b":["\\u00e9"]}' | sha256sum."""
    known = "02f5b9b72ae3c2de21a0e4c1330421e47c07f002ebf06d7b1f822d53315470f2"
    assert parameter_hash({"b": ["\u00e9"], "a": 0.1}) == known


@given(st.sampled_from(["stage", "west", "cell", "countries"]))
def test_any_other_parameter_gives_another_hash(name: str) -> None:
    other = {
        "stage": {**PARAMETERS, "stage": "weights"},
        "west": {**PARAMETERS, "grid": {"west": -179.99999999999997, "cell": 1 / 120}},
        "cell": {**PARAMETERS, "grid": {"west": -180.0, "cell": 0.008333333333333335}},
        "countries": {**PARAMETERS, "countries": ["DE", "FR"]},
    }[name]
    assert parameter_hash(other) != parameter_hash(PARAMETERS)


def test_datasets_are_added_up_from_the_files() -> None:
    assert receipt().datasets() == {
        "tile_index": {"files": 2, "rows": 3, "size_bytes": 15},
        "tile_spans": {"files": 1, "rows": 1, "size_bytes": 4},
    }


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"3",
        b'"text"',
        b"{}",
        b"\xff\xfe\x00",
        b"PAR1\x00\x01",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        receipt().to_bytes()[:-20],
        edited(files=None),
        edited(files=3),
        edited(files=[3]),
        edited(files=[{}]),
        edited(files=[{"path": "a", "size_bytes": "many", "rows": 1, "sha256": ""}]),
        edited(files=[{"path": "a", "size_bytes": float("inf"), "rows": 1, "sha256": ""}]),
        edited(files=[{"path": "a", "size_bytes": float("nan"), "rows": 1, "sha256": ""}]),
        edited(parameters=None),
        edited(parameters=[1, 2]),
        edited(parameters={"west": float("nan")}),
        edited(totals="none"),
        edited(versions=7),
        edited(values_sha256=["a"]),
    ],
    ids=lambda text: repr(text[:30]),
)
def test_what_is_no_receipt_is_refused_with_advice(text: bytes) -> None:
    assert refusal(text).code == "receipt-unreadable"


@pytest.mark.parametrize("depth", [100, 500, 900, 990, 1000, 2000, 50_000])
def test_deep_nesting_is_refused_and_nothing_worse(depth: int) -> None:
    """Parameters are read and written again to hash them; neither may end in a traceback."""
    nested = b'{"a":' * depth + b"1" + b"}" * depth
    text = edited(parameters="HERE").replace(b'"HERE"', nested)
    assert refusal(text).code in {"receipt-unreadable", "receipt-hash"}


@pytest.mark.parametrize(
    "path",
    ["../outside.parquet", "tile_index/../../outside", "/etc/passwd", "tile_index//a", "", ".", "a\0b", "tile_index/./a", "a\\b", "a\x1b[31m"],
)  # fmt: skip
def test_a_path_that_leaves_the_folder_is_refused(path: str) -> None:
    """A receipt says what is read; it must not send a reader elsewhere."""
    files = [{"path": path, "size_bytes": 1, "rows": 1, "sha256": SHA}]
    assert refusal(edited(files=files)).code == "receipt-unreadable"


def test_edited_parameters_are_found_by_the_hash() -> None:
    error = refusal(edited(parameters={**PARAMETERS, "countries": ["FR"]}))
    assert error.code == "receipt-hash"
    assert parameter_hash({**PARAMETERS, "countries": ["FR"]}) in error.message


@pytest.mark.parametrize("version", [0, 1, 3, "2", None])
def test_another_format_is_refused_and_named(version: object) -> None:
    error = refusal(edited(receipt_format=version))
    assert error.code == "receipt-format"
    assert repr(version) in error.message


@pytest.mark.parametrize("at", range(0, len(receipt().to_bytes()), 7))
def test_not_a_byte_of_a_receipt_may_change(at: int) -> None:
    """Blanks, versions, totals: what nothing else vouches for as well."""
    text = bytearray(receipt().to_bytes())
    text[at] ^= 1
    assert refusal(bytes(text)).code.startswith("receipt-")


def test_a_receipt_in_another_order_of_keys_is_refused() -> None:
    content = json.loads(receipt().to_bytes())
    assert Receipt.from_bytes(receipt().to_bytes(), "here") == receipt()
    text = json.dumps(dict(reversed(content.items())), indent=1).encode()
    assert refusal(text).code == "receipt-seal"


def test_equal_receipts_differ_in_nothing_and_what_differs_is_named() -> None:
    """The same values in other bytes, as another version writes them, are the same values."""
    files = (
        FileEntry("tile_index/DE-00000.parquet", 11, 2, "d" * 64),
        *receipt().files[1:],
    )
    rewritten = receipt(files=files, versions={"closedworld": "0.2.0"})
    assert receipt().differences(receipt()) == ""
    assert receipt().has_values_of(rewritten)
    assert receipt().differences(rewritten) == (
        "1 file (tile_index/DE-00000.parquet); versions of closedworld"
    )
    more = dict.fromkeys("dcba", 1)
    assert receipt(totals=more).differences(receipt(totals={})) == "totals of a, b, c and 1 more"
    more = dict.fromkeys("cba", 1)
    assert receipt(totals=more).differences(receipt(totals={})) == "totals of a, b, c"
    changed: tuple[dict[str, Any], ...] = (
        {"values": {**receipt().values, "tile_index": "e" * 64}},
        {"totals": {"tiles": 4}},
        {"parameters": {}},
    )
    for changes in changed:
        assert not receipt().has_values_of(receipt(**changes))
        assert receipt().differences(receipt(**changes)).startswith(next(iter(changes)))


def test_receipts_without_digests_of_values_are_compared_byte_for_byte() -> None:
    bare = receipt(values={})
    assert bare.has_values_of(receipt(values={}))
    assert not bare.has_values_of(receipt(values={}, versions={"closedworld": "0.2.0"}))


def test_a_folder_without_a_receipt_is_no_result(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path, tmp_path / "none", tmp_path / "file"):
        with pytest.raises(IntegrityError) as caught:
            read_receipt(storage_at(folder))
        assert caught.value.code == "receipt-missing"
        assert str(folder) in caught.value.message


def test_a_receipt_that_is_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / RECEIPT_NAME).mkdir()
    with pytest.raises(IntegrityError) as caught:
        read_receipt(storage_at(tmp_path))
    assert caught.value.code == "receipt-unreadable"


def test_a_receipt_larger_than_256_mib_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / RECEIPT_NAME).open("wb") as file:
        file.truncate((1 << 28) + 1)
    with pytest.raises(IntegrityError, match="cannot be read: File too large") as caught:
        read_receipt(storage_at(tmp_path))
    assert caught.value.code == "receipt-unreadable"


def test_a_published_receipt_says_nothing_of_time_place_or_machine(tiny_index: TileIndex) -> None:
    content = json.loads(tiny_index.published.receipt.to_bytes())
    assert set(content) == {
        "receipt_format",
        "stage",
        "parameter_hash",
        "parameters",
        "totals",
        "versions",
        "datasets",
        "files",
        "values_sha256",
        "seal_sha256",
    }
    assert set(content["versions"]) == {"closedworld", "pyarrow"}
    assert set(content["totals"]) == {
        "countries",
        "countries_without_tiles",
        "countries_kept_small",
        "countries_off_grid",
        "tiles",
        "runs",
        "tiles_shared",
    }
    assert set(content["parameters"]) == {
        "format",
        "stage",
        "grid",
        "rule",
        "keep_small_countries",
        "countries",
        "polygons_sha256",
    }
    folder = tiny_index.published.folder
    assert str(folder.parent.parent) not in (folder / RECEIPT_NAME).read_text()


def test_a_published_receipt_lists_every_file_with_its_rows(tiny_index: TileIndex) -> None:
    published = tiny_index.published
    assert read_receipt(storage_at(published.folder)) == published.receipt
    paths = [entry.path for entry in published.receipt.files]
    assert paths == sorted(paths)
    there = {
        p.relative_to(published.folder).as_posix() for p in published.folder.rglob("*.parquet")
    }
    assert set(paths) == there
    totals = published.receipt.totals
    sums = published.receipt.datasets()
    assert sums["tile_index"]["rows"] == sums["tile_bounds"]["rows"] == totals["tiles"] > 0
    assert sums["tile_spans"]["rows"] == totals["runs"]
