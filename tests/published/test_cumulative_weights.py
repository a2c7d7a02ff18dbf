"""Weights of runs of tiles are those that all files together give."""

from __future__ import annotations

import itertools
import shutil
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from closedworld.datasets.parameters import WeightParameters
from closedworld.errors import IntegrityError
from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import RowSpans
from closedworld.published.cumulative_weights import (
    CumulativeWeights,
    read_cumulative_weights,
    without_people,
)
from closedworld.store.local import storage_at
from closedworld.store.reading import Published
from closedworld.store.receipt import FileEntry
from closedworld.worlds import open_world

if TYPE_CHECKING:
    from pathlib import Path

    from built_worlds import Built
    from numpy.typing import NDArray


def paths_of(country: CumulativeWeights) -> list[Path]:
    return [country.folder.root / entry.path for entry in country.part_files]


def weights_of(country: CumulativeWeights) -> NDArray[np.uint64]:
    """Return all weights of a country from its files."""
    return np.concatenate(
        [pq.read_table(path)["weight_fp"].to_numpy() for path in paths_of(country)]
    )


def expect_same_as_by_all(country: CumulativeWeights, first: NDArray[np.int64]) -> None:
    """Runs of up to 3,000 tiles, with and without gaps between them."""
    tiles = country.spans.tile_count
    first = np.unique(np.append(first, tiles))
    stop = np.minimum(first[1:], first[:-1] + 3000)
    weights = weights_of(country)
    some = [weights[a:b] for a, b in zip(first, stop, strict=False)]
    expected = np.concatenate([np.empty(0, np.uint64), *some])
    assert np.array_equal(country.of_runs(first[:-1], stop), expected)


@pytest.mark.slow
@pytest.mark.parametrize("iso", ["RU", "NO", "MV", "VA"])
def test_weights_are_those_of_all_tiles(real: Built, iso: str) -> None:
    """Of one tile and of many, in countries of one tile and of many part files."""
    country = open_world(real.root).cumulative_weights()[iso]
    draw = np.random.default_rng(1)
    tiles = country.spans.tile_count
    for first in (
        np.zeros(1, np.int64),
        np.array([tiles - 1]),
        draw.integers(0, tiles, 50),
        draw.integers(0, tiles, 5000),
        np.arange(min(tiles, 5000)),
        np.empty(0, np.int64),
    ):
        expect_same_as_by_all(country, first)


def test_russia_has_several_part_files_of_several_row_groups(real: Built) -> None:
    """What makes the tests here worth something: runs lie across row groups and part files."""
    country = open_world(real.root).cumulative_weights()["RU"]
    assert len(country.part_files) > 3
    assert pq.ParquetFile(paths_of(country)[0]).num_row_groups == 4
    cuts = np.arange(1024, country.spans.tile_count, 1024)
    assert len(np.setdiff1d(cuts, country.spans.first_ranks)) > len(cuts) // 2


@pytest.mark.slow
def test_runs_longer_than_a_row_group_are_found(real: Built, tmp_path: Path) -> None:
    """Row groups of 8 tiles: most hold the middle of a run and no start."""
    country = open_world(real.root).cumulative_weights()["RU"]
    path = "tile_weights/RU-00000.parquet"
    (tmp_path / path).parent.mkdir(parents=True)
    pq.write_table(pa.table({"weight_fp": weights_of(country)}), tmp_path / path, row_group_size=8)
    cut = replace(
        country,
        folder=storage_at(tmp_path),
        part_files=[FileEntry(path, 0, country.spans.tile_count, "")],
    )
    expect_same_as_by_all(cut, np.random.default_rng(2).integers(0, country.spans.tile_count, 300))


def test_only_row_groups_that_are_asked_for_are_read(
    real: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []
    country = open_world(real.root).cumulative_weights()["RU"]
    reader = pq.ParquetFile.read_row_group

    def count(self: pq.ParquetFile, number: int, **options: object) -> object:
        read.append(number)
        return reader(self, number, **options)

    monkeypatch.setattr(pq.ParquetFile, "read_row_group", count)
    middle = np.array([country.spans.tile_count // 2])
    country.of_runs(middle, middle + 1)
    assert 1 <= len(read) <= 2


def test_weights_of_tiles_and_of_runs_must_agree(real: Built, tmp_path: Path) -> None:
    """Rows in another order keep the sum of the weights, but not that before each run."""
    shutil.copytree(real.root, tmp_path / "world")
    country = open_world(tmp_path / "world").cumulative_weights()["DE"]
    table = pq.read_table(paths_of(country)[0])
    pq.write_table(table.take(np.arange(table.num_rows)[::-1]), paths_of(country)[0])
    with pytest.raises(IntegrityError, match="weights-damaged"):
        country.of_runs(np.array([0]), np.array([country.spans.tile_count]))


@pytest.mark.slow
def test_a_file_that_cannot_be_read_is_named(real: Built, tmp_path: Path) -> None:
    shutil.copytree(real.root, tmp_path / "world")
    country = open_world(tmp_path / "world").cumulative_weights()["DE"]
    paths_of(country)[0].write_bytes(b"PAR1 or not")
    with pytest.raises(IntegrityError, match="file-unreadable"):
        country.of_runs(np.array([0]), np.array([1]))


@pytest.mark.parametrize("at", [0, 1, -1])
def test_one_run_whose_weight_before_disagrees_is_damage(real: Built, at: int) -> None:
    country = open_world(real.root).cumulative_weights()["DE"]
    before = country.before.copy()
    before[at] += np.uint64(1)
    everything = np.array([0]), np.array([country.spans.tile_count])
    with pytest.raises(IntegrityError, match="weights-damaged"):
        replace(country, before=before).of_runs(*everything)
    assert country.of_runs(*everything).sum() == country.total


def damaged(table: pa.Table, how: str, begin: int, total: int) -> pa.Table:
    """Return runs of all countries, one of them changed; the second country begins at a row."""
    columns = {name: table[name].to_numpy().copy() for name in table.column_names}
    if how == "a row less":
        return table.slice(1)
    if how == "a country does not begin at 0":
        columns["weight_before"][begin] = 1
    elif how == "more than all":
        columns["weight_before"][begin + 1] = total + 1
    elif how == "all":
        columns["weight_before"][begin + 1] = total
    elif how != "nothing":
        columns[how][begin] += 1
    return pa.table({name: pa.array(own) for name, own in columns.items()})


@pytest.mark.parametrize(
    ("how", "is_sound"),
    [
        ("nothing", True),
        ("all", True),
        ("more than all", False),
        ("a country does not begin at 0", False),
        ("a row less", False),
        ("raster_row", False),
        ("col_start", False),
        ("tiles", False),
    ],
)
def test_runs_of_weights_are_those_of_the_tiles_and_begin_at_nothing(
    real: Built, monkeypatch: pytest.MonkeyPatch, how: str, *, is_sound: bool
) -> None:
    """What the seal of the weights does not vouch for is refused."""
    world = open_world(real.root)
    assert world.weights is not None
    begin = next(iter(world.index.spans.values())).n_runs
    total = 10 ** world.weights.parameters(WeightParameters).dp
    read = Published.read

    def changed(self: Published, *given: Any) -> pa.Table:
        return damaged(read(self, *given), how, begin, total)

    monkeypatch.setattr(Published, "read", changed)
    if is_sound:
        found = read_cumulative_weights(world.weights, world.index)
        assert list(found) == list(world.index.spans)
        assert {one.total for one in found.values()} == {total}
        assert all(len(one.before) == one.spans.n_runs for one in found.values())
        return
    with pytest.raises(IntegrityError, match="does not hold the tiles of"):
        read_cumulative_weights(world.weights, world.index)


RUNS = ((1, 2, 5), (1, 8, 9), (2, 0, 20), (4, 3, 4), (4, 6, 7), (5, 0, 7))
"""Row, first column and last but one of the runs of a made-up country of 33 tiles."""


@pytest.fixture
def made_up(tmp_path: Path) -> tuple[CumulativeWeights, NDArray[np.uint64]]:
    """A country in two part files of row groups of four tiles, and the weights of its tiles, some of them 0."""
    rows, starts, stops = (np.array(side) for side in zip(*RUNS, strict=True))
    spans = RowSpans.from_runs(Grid(0.0, 10.0, 1.0, 1.0, 20, 10), rows, starts, stops)
    weights = np.random.default_rng(5).integers(0, 4, spans.tile_count).astype(np.uint64)
    (tmp_path / "tile_weights").mkdir()
    files = []
    for number, some in enumerate(np.split(weights, [18])):
        path = f"tile_weights/DE-0000{number}.parquet"
        table = pa.table({"weight_fp": some.astype(np.int64)})
        pq.write_table(table, tmp_path / path, row_group_size=4)
        files.append(FileEntry(path, 0, len(some), ""))
    before = (np.cumsum(weights) - weights)[spans.first_ranks]
    total = int(weights.sum())
    country = CumulativeWeights(
        "DE", spans, before, total, "population", storage_at(tmp_path), files
    )
    return country, weights


def test_groups_follow_each_other_with_the_weight_up_to_each_tile(
    made_up: tuple[CumulativeWeights, NDArray[np.uint64]],
) -> None:
    country, weights = made_up
    upto = np.cumsum(weights)
    ranks = [0, 4, 8, 12, 16, 18, 22, 26, 30]
    groups = list(country.all_groups())
    assert [one.rank for one in groups] == ranks
    for one, stop in zip(groups, [*ranks[1:], 33], strict=True):
        assert one.weights.tolist() == weights[one.rank : stop].tolist()
        assert one.upto.tolist() == upto[one.rank : stop].tolist()
    assert np.concatenate(list(country.tile_weights())).tolist() == weights.tolist()


def test_any_runs_have_their_weights_and_no_other_groups_are_read(
    made_up: tuple[CumulativeWeights, NDArray[np.uint64]],
) -> None:
    """Runs end where others and groups begin, and lie across groups and files."""
    country, weights = made_up
    draw = np.random.default_rng(6)
    for count in [1, 2, 3, 5] * 60:
        ends = np.sort(draw.choice(34, 2 * count, replace=False))
        touching = np.repeat(np.sort(draw.choice(34, count + 1, replace=False)), 2)[1:-1]
        for first, stop in (ends.reshape(-1, 2).T, touching.reshape(-1, 2).T):
            expected = np.concatenate([weights[a:b] for a, b in zip(first, stop, strict=True)])
            assert country.of_runs(first, stop).tolist() == expected.tolist()
    at = [0, 4, 8, 12, 16, 18, 22, 26, 30, 33]
    for group, (begin, end) in enumerate(itertools.pairwise(at)):
        for run in ((begin, end), (begin, begin + 1), (end - 1, end)):
            if any(begin <= rank < run[1] for rank in country.spans.first_ranks):
                found = country.groups(np.array(run[:1]), np.array(run[1:]))
                assert [one.rank for one in found] == [at[group]]
    nothing = np.array([], np.int64)
    assert country.of_runs(nothing, nothing).tolist() == []


def test_a_part_file_that_is_none_is_named(
    made_up: tuple[CumulativeWeights, NDArray[np.uint64]],
) -> None:
    country, weights = made_up
    path = paths_of(country)[1]
    path.write_bytes(b"PAR1 or not")
    assert country.of_runs(np.array([0]), np.array([18])).tolist() == weights[:18].tolist()
    with pytest.raises(IntegrityError, match=r"DE-00001\.parquet cannot be read") as caught:
        country.of_runs(np.array([17]), np.array([19]))
    assert caught.value.code == "file-unreadable"


@pytest.mark.parametrize(
    ("basis", "is_told"),
    [
        ("population", False),
        ("populated", False),
        ("uniform:1,population:1", False),
        ("area_m2", True),
        ("uniform", True),
        (None, False),
    ],
)
def test_weights_that_count_no_people_are_told(basis: str | None, *, is_told: bool) -> None:
    country: Any = SimpleNamespace(basis=basis)
    text = without_people({} if basis is None else {"LU": country}, "homes")
    assert (f"the weights are by {basis}, not by population: homes lie" in text) is is_told
    assert bool(text) is is_told
