"""The same weights and the same receipt, however the work is cut and whoever does it."""

from __future__ import annotations

import hashlib
import multiprocessing
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from weights_law import SMALL, check, in_windows, persons

from closedworld.execution import SerialExecutor
from closedworld.stages.weights.build import build_tile_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from closedworld.inputs.loading import PopulationRaster
    from closedworld.kernels.grid import Grid
    from closedworld.published.tile_index import PublishedIndex


CUT_BASIS = "uniform:1,area_m2:1,population:3,populated:1"


def digests(folder: Path) -> dict[str, str]:
    """Return the digest of every file of a published folder, the receipt among them."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder.parent).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def weigh(
    index: PublishedIndex, raster: PopulationRaster, out: Path, options: Mapping[str, Any]
) -> dict[str, str]:
    """Weigh the made-up world into a folder and return its digests."""
    small = {"population": in_windows(raster, 64 * 128), "sizes": SMALL}
    given = {"basis": CUT_BASIS, "dp": 3, **small, **options}
    weights = build_tile_weights(index, out, **given)
    assert not weights.reused
    weights.published.verify()
    return digests(weights.published.folder)


@pytest.fixture(scope="module")
def references(
    covered: PublishedIndex, raster: PopulationRaster, tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[int, bool], dict[str, str]]:
    """The world by dp and coverage, as one thread weighs it, unit by unit of one part."""
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("closedworld.store.durable.os.fsync", lambda _: None)
        for dp, by_coverage in ((3, False), (3, True), (18, False)):
            out = tmp_path_factory.mktemp("reference")
            options = {"dp": dp, "weigh_by_coverage": by_coverage, "task_tiles": 1}
            found[dp, by_coverage] = weigh(covered, raster, out, options)
    assert all(len(files) > 30 for files in found.values())
    return found


@pytest.fixture
def build(
    covered: PublishedIndex,
    raster: PopulationRaster,
    tmp_path: Path,
) -> Callable[..., dict[str, str]]:
    """Weight the made-up world into a new folder, cut small, and return its digests."""

    def build_weights(**options: Any) -> dict[str, str]:
        return weigh(covered, raster, tmp_path / str(len(list(tmp_path.iterdir()))), options)

    return build_weights


@pytest.mark.slow
def test_the_world_that_is_cut_small_is_the_law_s_and_has_many_parts(
    covered: PublishedIndex,
    raster: PopulationRaster,
    half_degrees: Grid,
    tmp_path: Path,
) -> None:
    """So that the tests below compare with something right."""
    for by_coverage in (False, True):
        weights = build_tile_weights(
            covered,
            tmp_path,
            basis=CUT_BASIS,
            dp=3,
            population=in_windows(raster, 64 * 128),
            weigh_by_coverage=by_coverage,
            task_tiles=1,
            sizes=SMALL,
        )
        check(weights, covered, CUT_BASIS, 3, persons(half_degrees), by_coverage=by_coverage)
    files = [path for path in digests(weights.published.folder) if "tile_weights/IN-" in path]
    assert len(files) == -(-covered.spans["IN"].tile_count // SMALL.part_tiles) > 2


@pytest.mark.parametrize("by_coverage", [False, True])
@pytest.mark.parametrize(("workers", "task_tiles"), [(1, 10**9), (1, 300), (2, 1), (4, 300)])
def test_workers_and_the_size_of_units_do_not_count(
    build: Callable[..., dict[str, str]],
    references: dict[tuple[int, bool], dict[str, str]],
    workers: int,
    task_tiles: int,
    *,
    by_coverage: bool,
) -> None:
    other = build(workers=workers, task_tiles=task_tiles, weigh_by_coverage=by_coverage)
    assert other == references[3, by_coverage]


@pytest.mark.slow
@pytest.mark.parametrize("make", [SerialExecutor, lambda: ThreadPoolExecutor(3)])
def test_an_executor_that_was_handed_in_gives_the_same_and_stays_open(
    build: Callable[..., dict[str, str]],
    references: dict[tuple[int, bool], dict[str, str]],
    make: Callable[[], Executor],
) -> None:
    with make() as executor:
        assert build(executor=executor, workers=3, task_tiles=1) == references[3, False]
        assert executor.submit(int, "7").result() == 7


@pytest.mark.slow
def test_spawned_processes_give_the_same(
    build: Callable[..., dict[str, str]], references: dict[tuple[int, bool], dict[str, str]]
) -> None:
    spawn = multiprocessing.get_context("spawn")
    sizes = replace(SMALL, few_tiles=3, bucket_bits=5)
    with ProcessPoolExecutor(2, mp_context=spawn) as pool:
        other = build(executor=pool, workers=2, task_tiles=1, weigh_by_coverage=True, sizes=sizes)
    assert other == references[3, True]


@pytest.mark.slow
@pytest.mark.parametrize(("few", "bits"), [(0, 5), (1, 16), (20, 9)])
@pytest.mark.parametrize("dp", [3, 18])
def test_how_the_cut_is_searched_does_not_count(
    build: Callable[..., dict[str, str]],
    references: dict[tuple[int, bool], dict[str, str]],
    few: int,
    bits: int,
    dp: int,
) -> None:
    """In many rounds, over several units, down to remainders that are equal."""
    sizes = replace(SMALL, few_tiles=few, bucket_bits=bits)
    assert build(dp=dp, task_tiles=1, sizes=sizes) == references[dp, False]


@pytest.mark.parametrize("batch", [7, 80, 1000])
def test_the_size_of_batches_and_windows_does_not_count(
    build: Callable[..., dict[str, str]],
    references: dict[tuple[int, bool], dict[str, str]],
    raster: PopulationRaster,
    batch: int,
) -> None:
    sizes = replace(SMALL, batch_tiles=batch)
    other = build(weigh_by_coverage=True, sizes=sizes, population=in_windows(raster, 1 << 22))
    assert other == references[3, True]


def test_parts_and_row_groups_do_count(
    build: Callable[..., dict[str, str]], references: dict[tuple[int, bool], dict[str, str]]
) -> None:
    """So the tests above could fail."""
    assert build(sizes=replace(SMALL, row_group_tiles=81)) != references[3, False]
