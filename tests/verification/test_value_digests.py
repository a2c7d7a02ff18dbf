"""Digests of values: the law by hand, the same from other bytes, and what only they can find."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import shutil
import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from closedworld import verify
from closedworld.published.results import open_dataset, open_published
from closedworld.published.tile_index import open_index
from closedworld.stages.tiles.build import build_tile_index
from closedworld.stages.weights.build import build_tile_weights
from closedworld.store.local import storage_at
from closedworld.store.receipt import read_receipt
from closedworld.testing import tiny_grid
from closedworld.verification.value_digests import WeightBlocks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from closedworld.inputs.regions.country_set import CountrySet

    Rows = list[dict[str, Any]]

pytestmark = pytest.mark.slow


def sha(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def integers(values: Iterable[int]) -> bytes:
    return sha(b"".join(struct.pack("<Q", value) for value in values))


def reals(values: Iterable[float]) -> bytes:
    return sha(b"".join(struct.pack("<d", value) for value in values))


def ids(rows: Rows) -> bytes:
    found = [row["tile_id"] for row in rows]
    every = set(found)
    first = [one for one in found if one - 1 not in every]
    after = [one + 1 for one in found if one + 1 not in every]
    return sha(integers(first) + integers(after))


def once(rows: Rows, key: str, *names: str) -> list[tuple[Any, ...]]:
    """Return what the rows say for each value of a column, which must be one thing only."""
    seen: dict[int, tuple[Any, ...]] = {}
    for row in rows:
        values = tuple(row[name] for name in (key, *names))
        assert seen.setdefault(row[key], values) == values
    return [seen[value] for value in sorted(seen)]


def members(dataset: str, rows: Rows, n_cols: int) -> Sequence[bytes]:
    """Return the list that the table of decision note 12 gives for a country."""
    for row in rows:
        if "tile_id" in row:
            row["row"], row["col"] = divmod(row["tile_id"], n_cols)
            row["row_start"] = row["row"] * n_cols
    if dataset == "tile_index":
        by_row = list(
            zip(*once(rows, "row", "row_start", "centroid_lat", "pixel_area_m2"), strict=True)
        )
        by_col = list(zip(*once(rows, "col", "centroid_lon"), strict=True))
        below = [row for row in rows if row.get("coverage", 1) < 1]
        coverage = [integers(r["tile_id"] for r in below), reals(r["coverage"] for r in below)]
        return [
            sha(rows[0]["inclusion_rule"].encode()),
            ids(rows),
            integers(by_row[0]),
            integers(by_row[1]),
            reals(by_row[2]),
            reals(by_row[3]),
            integers(by_col[0]),
            reals(by_col[1]),
            *(coverage if "coverage" in rows[0] else []),
        ]
    if dataset == "tile_bounds":
        by_row = list(zip(*once(rows, "row", "south_lat", "north_lat"), strict=True))
        by_col = list(zip(*once(rows, "col", "west_lon", "east_lon"), strict=True))
        return [
            ids(rows),
            integers(by_row[0]),
            *map(reals, by_row[1:]),
            integers(by_col[0]),
            *map(reals, by_col[1:]),
        ]
    if dataset == "tile_coverage":
        return [integers(r["tile_id"] for r in rows), reals(r["coverage"] for r in rows)]
    if dataset == "tile_weights":
        weights = sha(integers(row["weight_fp"] for row in rows))
        return [ids(rows), sha(rows[0]["basis"].encode()), integers([rows[0]["dp"]]), weights]
    columns = [name for name in rows[0] if name != "country_iso"]
    return [integers(row[name] for row in rows) for name in columns]


def by_hand(root: Path, dataset: str, n_cols: int) -> str:
    rows = open_dataset(root, dataset).to_table().to_pylist()
    text = f"closedworld values 1 {dataset}\n"
    for iso, own in itertools.groupby(rows, lambda row: row["country_iso"]):
        text += f"{iso} {sha(b''.join(members(dataset, list(own), n_cols))).hex()}\n"
    return sha(text.encode()).hex()


@pytest.fixture(scope="module")
def covered(tiny: CountrySet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The made-up world with every dataset there is."""
    root = tmp_path_factory.mktemp("covered")
    build_tile_index(tiny, tiny_grid(), root, rule="any_overlap", coverage=True)
    basis = "area_m2:2,uniform:1"
    build_tile_weights(open_index(root), root, basis=basis, dp=9, weigh_by_coverage=True)
    return root


DATASETS = ["tile_index", "tile_bounds", "tile_spans", "tile_coverage", "tile_weights", "span_weights"]  # fmt: skip


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_digest_is_that_of_the_rows_by_the_law(covered: Path, dataset: str) -> None:
    """Worked out with struct and hashlib from the rows that a reader sees."""
    stage = "weights" if "weights" in dataset else "tiles"
    sealed = open_published(covered, stage).receipt.values
    assert sealed[dataset] == by_hand(covered, dataset, tiny_grid().n_cols)


def test_every_dataset_has_one_and_verify_agrees(covered: Path) -> None:
    for stage in ("tiles", "weights"):
        receipt = open_published(covered, stage).receipt
        assert receipt.values.keys() == receipt.datasets().keys()
    outcome = verify(covered)
    assert outcome.findings == ()
    counted = [check.count for check in outcome.checks if check.what == "digests of values"]
    assert counted == [4, 2]


def test_the_same_rows_in_other_bytes_have_the_same_digest(world: Any) -> None:
    """Other row groups and another compression, as another version might choose."""
    folder = world.folder("tile_index")
    before = read_receipt(storage_at(folder))
    for path in folder.rglob("*.parquet"):
        with pq.ParquetFile(path) as file:
            table = file.read()
        pq.write_table(table, path, row_group_size=100, compression="snappy")
    world.reseal(folder)
    after = read_receipt(storage_at(folder))
    assert {file.sha256 for file in after.files}.isdisjoint(file.sha256 for file in before.files)
    assert after.has_values_of(before)
    assert not [f.code for f in verify(world.root).findings if f.code == "values-digest"]


@pytest.mark.parametrize("dataset", ["tile_index", "tile_bounds", "tile_spans"])
def test_a_digest_that_is_not_that_of_the_values_is_found(world: Any, dataset: str) -> None:
    receipt = read_receipt(storage_at(world.folder(dataset)))
    path = world.folder(dataset) / "_receipt.json"
    without = {name: digest for name, digest in receipt.values.items() if name != dataset}
    for values in ({**receipt.values, dataset: "0" * 64}, without):
        path.write_bytes(dataclasses.replace(receipt, values=values).to_bytes())
        (found,) = verify(world.root).findings
        assert (found.code, found.dataset) == ("values-digest", dataset)


def test_coverage_changed_alike_in_both_datasets_and_sealed_again_is_found_by_nothing_else(
    covered: Path, opened: Any, tmp_path: Path
) -> None:
    shutil.copytree(covered / "tiles", tmp_path / "tiles")
    world = opened(tmp_path)
    shares = pq.read_table(world.part("tile_index", "AR"))["coverage"].to_pylist()
    row = next(i for i, share in enumerate(shares) if share < 1)
    world.set("tile_index", "AR", "coverage", row, shares[row] / 2)
    world.set("tile_coverage", "AR", "coverage", 0, shares[row] / 2)
    found = verify(tmp_path).findings
    assert {(f.code, f.dataset) for f in found} == {
        ("values-digest", "tile_index"),
        ("values-digest", "tile_coverage"),
    }


@pytest.mark.parametrize("cut", [1, 1000, 1 << 22, (1 << 22) + 1])
def test_blocks_of_weights_do_not_depend_on_how_they_pass(cut: int) -> None:
    weights = np.arange((1 << 22) + 5, dtype=np.uint64)
    blocks = WeightBlocks()
    pieces = [weights[:cut], weights[cut:]] if cut > 1 else [weights]
    for piece in pieces:
        blocks.add(piece)
    parts = weights[: 1 << 22], weights[1 << 22 :]
    assert blocks.finish() == sha(b"".join(sha(part.tobytes()) for part in parts))
