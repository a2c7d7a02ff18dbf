"""The same bytes and the same receipt, however the work is cut and whoever does it."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import pickle
import random
import subprocess
import sys
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from closedworld.execution import SerialExecutor
from closedworld.inputs.reference.registry import bundled
from closedworld.inputs.regions.country_reading import countries_from_features, read_countries
from closedworld.kernels.grid import Grid
from closedworld.kernels.sizes import Sizes
from closedworld.kernels.spans import RowSpans, Rule
from closedworld.kernels.tiles import PartRange, World, areas_of, plan_part_ranges, plan_parts
from closedworld.stages.tiles.build import build_tile_index
from closedworld.stages.tiles.part_files import plan_tile_tasks, write_tiles
from closedworld.store.local import storage_at
from closedworld.store.receipt import read_receipt
from closedworld.testing import tiny_countries

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from closedworld.inputs.regions.country_set import CountrySet

SMALL = Sizes(row_group_tiles=40, part_tiles=80)
"""Cut the made-up world into dozens of part files."""


def without_fsync(patch: pytest.MonkeyPatch) -> None:
    """Leave out waiting for the device, which is most of the time and changes no byte."""
    patch.setattr("closedworld.store.durable.os.fsync", lambda _: None)


def digests(folder: Path) -> dict[str, str]:
    """Return the digest of every file of a published folder, the receipt among them."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder.parent).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


@pytest.fixture(scope="module")
def reference(
    tiny: CountrySet, half_degrees: Grid, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """The world as one worker builds it in one thread, unit by unit of one part."""
    with pytest.MonkeyPatch.context() as patch:
        without_fsync(patch)
        out = tmp_path_factory.mktemp("reference")
        index = build_tile_index(tiny, half_degrees, out, task_tiles=1, sizes=SMALL)
        files = digests(index.published.folder)
    assert sum("tile_index/IN-" in path for path in files) == 5
    return files


@pytest.fixture
def build(
    tiny: CountrySet, half_degrees: Grid, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., dict[str, str]]:
    """Build the made-up world into a new folder and return its digests."""
    without_fsync(monkeypatch)

    def build_world(countries: CountrySet = tiny, **options: Any) -> dict[str, str]:
        out = tmp_path / str(len(list(tmp_path.iterdir())))
        index = build_tile_index(countries, half_degrees, out, **{"sizes": SMALL, **options})
        assert not index.reused
        index.published.verify()
        return digests(index.published.folder)

    return build_world


@pytest.mark.parametrize("task_tiles", [1, 61, 150, 10**9])
def test_the_size_of_units_does_not_count(
    build: Callable[..., dict[str, str]], reference: dict[str, str], task_tiles: int
) -> None:
    assert build(task_tiles=task_tiles) == reference


def test_the_size_of_units_does_not_count_with_shares_of_tiles_either(
    build: Callable[..., dict[str, str]],
) -> None:
    shares = {"rule": "any_overlap", "coverage": True}
    small, large = (build(task_tiles=tiles, **shares) for tiles in (1, 10**9))
    assert small == large


@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize("task_tiles", [1, 150])
def test_the_number_of_workers_does_not_count(
    build: Callable[..., dict[str, str]], reference: dict[str, str], workers: int, task_tiles: int
) -> None:
    assert build(workers=workers, task_tiles=task_tiles) == reference


@pytest.mark.parametrize("make", [SerialExecutor, lambda: ThreadPoolExecutor(3)])
def test_an_executor_that_was_handed_in_gives_the_same_and_stays_open(
    build: Callable[..., dict[str, str]], reference: dict[str, str], make: Callable[[], Executor]
) -> None:
    with make() as executor:
        assert build(executor=executor, workers=3, task_tiles=1) == reference
        assert executor.submit(int, "7").result() == 7


@pytest.mark.slow
def test_spawned_processes_give_the_same(
    build: Callable[..., dict[str, str]], reference: dict[str, str]
) -> None:
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn) as pool:
        assert build(executor=pool, workers=2, task_tiles=1) == reference


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_the_countries_in_the_input_does_not_count(
    build: Callable[..., dict[str, str]], reference: dict[str, str], seed: int
) -> None:
    shuffled = list(tiny_countries())
    random.Random(seed).shuffle(shuffled)
    assert build(countries_from_features(shuffled)) == reference


def test_the_order_of_the_units_does_not_count(
    build: Callable[..., dict[str, str]],
    reference: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def backwards(*args: Any) -> tuple[PartRange, ...]:
        return plan_part_ranges(*args)[::-1]

    monkeypatch.setattr("closedworld.stages.tiles.plan.plan_part_ranges", backwards)
    assert build(task_tiles=1) == reference


def test_parts_and_row_groups_do_count(
    build: Callable[..., dict[str, str]], reference: dict[str, str]
) -> None:
    """So the tests above could fail."""
    assert build(sizes=replace(SMALL, row_group_tiles=41)) != reference
    assert build(sizes=replace(SMALL, part_tiles=120)) != reference


def test_a_task_comes_out_of_pickle_as_it_went_in(half_degrees: Grid, tmp_path: Path) -> None:
    spans = RowSpans.from_polygon(tiny_countries()[1].geometry, half_degrees)
    unit = PartRange("AR", plan_parts("AR", spans.tile_count))
    areas = areas_of([spans], half_degrees)
    none: frozenset[str] = frozenset()
    world = World(half_degrees, Rule.CENTER, {"AR": spans}, none, none, areas)
    (task,) = plan_tile_tasks([unit], world, None, storage_at(tmp_path / "1"))
    again = pickle.loads(pickle.dumps(task))  # noqa: S301 -- our own bytes
    assert again.whole is not None
    assert (again.part_range, again.whole[:2], again.rule) == (
        task.part_range,
        (spans, None),
        task.rule,
    )
    assert str(again) == "AR part 0"
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()
    first = write_tiles(task)
    second = write_tiles(replace(again, folder=storage_at(tmp_path / "2")))
    assert first.files == second.files


@pytest.fixture(scope="module")
def kazakhstan() -> CountrySet:
    return read_countries(bundled("countries.parquet").path).select(["KZ"])


def test_a_real_country_at_30_seconds_comes_out_the_same_from_two_threads(
    kazakhstan: CountrySet, tmp_path: Path
) -> None:
    """With the row groups and parts of the format: two parts, the first of four row groups."""
    grid = Grid.from_resolution("30s")
    one = build_tile_index(kazakhstan, grid, tmp_path / "1").published
    two = build_tile_index(kazakhstan, grid, tmp_path / "2", workers=2, task_tiles=10**9).published
    assert digests(one.folder) == digests(two.folder)
    sizes = [
        [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
        for metadata in (
            pq.read_metadata(one.folder / entry.path)
            for entry in one.receipt.files
            if entry.dataset == "tile_index"
        )
    ]
    assert len(sizes) == 2
    assert sizes[0] == [2**20] * 4
    assert set(sizes[1][:-1]) <= {2**20}
    assert 0 < sizes[1][-1] <= 2**20


SCRIPT = """\
import sys
from closedworld.inputs.regions.country_reading import countries_from_features
from closedworld.stages.tiles.build import build_tile_index
from closedworld.testing import tiny_countries, tiny_grid
countries = countries_from_features(tiny_countries())
build_tile_index(countries, tiny_grid(), sys.argv[1], rule="any_overlap", keep_small_countries=True)
"""


@pytest.fixture(scope="module")
def plain_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_script(tmp_path_factory.mktemp("plain"), {}, None)


def run_script(out: Path, environment: dict[str, str], cwd: Path | None) -> Path:
    subprocess.run(
        [sys.executable, "-c", SCRIPT, str(out)],
        check=True,
        env={**os.environ, **environment},
        cwd=cwd,
    )
    (folder,) = (out / "tiles").iterdir()
    return folder


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    (tmp_path / "else where").mkdir()
    return tmp_path / "else where"


@pytest.mark.slow
@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONHASHSEED": "1"},
        {"PYTHONHASHSEED": "2", "TZ": "Asia/Kathmandu"},
        {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "OMP_NUM_THREADS": "1", "HOME": "/nonexistent"},
    ],
    ids=" ".join,
)
def test_environment_and_working_folder_do_not_count(
    plain_run: Path, tmp_path: Path, elsewhere: Path, environment: dict[str, str]
) -> None:
    other = run_script(tmp_path / "out", environment, elsewhere)
    assert digests(other) == digests(plain_run)
    assert list(elsewhere.iterdir()) == []


@pytest.mark.slow
def test_nothing_of_where_it_was_built_is_in_any_file(plain_run: Path) -> None:
    for path in plain_run.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert str(plain_run.parents[1]).encode() not in data
            assert os.uname().nodename.encode() not in data
    assert read_receipt(storage_at(plain_run)).versions.keys() == {"closedworld", "pyarrow"}
