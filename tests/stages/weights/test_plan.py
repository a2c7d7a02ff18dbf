"""What planning the weights decides and refuses, what it takes, and what is told of the work."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from weights_law import SMALL, in_windows

from closedworld.errors import ConfigError
from closedworld.execution.events import CountryWeighed, NullObserver, ScratchUsed
from closedworld.kernels.sizes import Sizes
from closedworld.kernels.tiles import plan_part_ranges
from closedworld.kernels.weights import Basis, Mixture
from closedworld.stages.weights.build import build_tile_weights
from closedworld.stages.weights.part_files import Allocation, RangeMasses
from closedworld.stages.weights.plan import (
    WeightPlan,
    mixture_of,
    plan_weights,
    wanted_inputs,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from closedworld.execution.events import Event
    from closedworld.inputs.loading import PopulationRaster
    from closedworld.published.tile_index import PublishedIndex

MEBIBYTE = 1 << 20
SIZES = Sizes(row_group_tiles=1000, part_tiles=4000, batch_tiles=100)


def plan_of(counts: Mapping[str, int], layout: Any = None) -> WeightPlan:
    """Return a plan for countries of so many tiles, weighed by a raster with this layout."""
    tiles: Any = SimpleNamespace(
        spans={iso: SimpleNamespace(tile_count=count) for iso, count in counts.items()}
    )
    nothing: Any = None
    return WeightPlan(tiles, nothing, nothing, layout, (), SIZES, NullObserver())


def layout_of(shape: tuple[int, int], dtype: str, *, has_mask: bool) -> Any:
    value_dtype = np.dtype("float32")
    info = SimpleNamespace(dtype=dtype)
    return SimpleNamespace(
        window_shape=shape, info=info, has_mask=has_mask, value_dtype=value_dtype
    )


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({}, 0),
        ({"AT": 30, "BE": 7}, 30 * 24 + 30 * 96),
        ({"AT": 99, "BE": 600}, 600 * 24 + 100 * 96),
        ({"AT": 5000, "BE": 5}, 1000 * 24 + 100 * 96),
    ],
)
def test_memory_without_a_raster_is_that_of_the_largest_row_group(
    counts: dict[str, int], expected: int
) -> None:
    plan = plan_of(counts)
    assert (plan.memory.shared, plan.memory.per_worker) == (0, expected)
    assert plan.scratch_bytes == 0


@pytest.mark.parametrize(
    ("shape", "dtype", "has_mask", "expected"),
    [
        ((50, 40), "uint16", False, 50 * 40 * 2 + 100 * 96),
        ((50, 40), "float64", False, 50 * 40 * 8 + 100 * 96),
        ((50, 40), "float64", True, 50 * 40 * 9 + 100 * 96),
        ((5, 4), "float64", True, 600 * 24 + 100 * 96),
    ],
)
def test_memory_with_a_raster_is_that_of_a_window_or_of_writing(
    shape: tuple[int, int], dtype: str, expected: int, *, has_mask: bool
) -> None:
    plan = plan_of({"AT": 99, "BE": 600}, layout_of(shape, dtype, has_mask=has_mask))
    largest = max(expected, 600 * 24 + 100 * 96)
    assert (plan.memory.shared, plan.memory.per_worker) == (64 * MEBIBYTE, largest)
    assert plan.scratch_bytes == 699 * 4


def test_what_cannot_be_meant_is_refused_before_anything_is_read(
    index: PublishedIndex, raster: PopulationRaster
) -> None:
    given: dict[str, Any] = {"weigh_by_coverage": False, "observer": NullObserver()}
    area, people = Mixture.parse("area_m2"), Mixture.parse("population")
    for dp in (-1, 19):
        with pytest.raises(ConfigError, match="dp-range"):
            plan_weights(index, basis=area, dp=dp, population=None, **given)
        with pytest.raises(ConfigError, match="dp-range"):
            mixture_of(None, dp, has_raster=True)
    with pytest.raises(ConfigError, match="basis-needs-raster"):
        plan_weights(index, basis=people, dp=3, population=None, **given)
    given["weigh_by_coverage"] = True
    with pytest.raises(ConfigError, match="coverage-missing"):
        plan_weights(index, basis=people, dp=3, population=raster, **given)


def test_only_a_raster_that_is_used_is_part_of_the_identity(
    index: PublishedIndex, raster: PopulationRaster
) -> None:
    second = replace(raster.layout, info=replace(raster.layout.info, band=2))
    population = replace(raster, layout=second)
    for basis, band in (("area_m2", 1), ("population", 2)):
        plan = plan_weights(
            index,
            basis=Mixture.parse(basis),
            dp=3,
            population=population,
            weigh_by_coverage=False,
            observer=NullObserver(),
        )
        is_used = basis == "population"
        assert plan.parameters.raster_band == band
        assert plan.parameters.raster_sha256 == (raster.sha256 if is_used else None)
        assert plan.layout is (second if is_used else None)


@pytest.mark.parametrize(
    ("basis", "has_raster", "meant", "wanted"),
    [
        (None, True, "population", {"population"}),
        (None, False, "area_m2", set()),
        ("uniform", True, "uniform", set()),
        ("populated", True, "populated", {"population"}),
        ("populated", False, "populated", set()),
    ],
)
def test_population_is_the_default_where_there_is_a_raster(
    basis: str | None, meant: str, wanted: set[str], *, has_raster: bool
) -> None:
    config: Any = SimpleNamespace(basis=basis, dp=12)
    assert str(mixture_of(basis, 12, has_raster=has_raster)) == meant
    assert wanted_inputs(config, has_raster=has_raster) == wanted


@pytest.mark.parametrize(
    ("bases", "has_border", "by_run"),
    [
        ((Basis.UNIFORM, Basis.AREA_M2), False, True),
        ((Basis.UNIFORM, Basis.AREA_M2), True, False),
        ((Basis.UNIFORM, Basis.POPULATION), False, False),
        ((Basis.POPULATED, Basis.POPULATION), False, False),
        ((Basis.POPULATED,), True, False),
    ],
)
def test_tiles_of_a_run_have_one_mass_without_population_and_coverage(
    bases: tuple[Basis, ...], *, has_border: bool, by_run: bool
) -> None:
    nothing: Any = None
    border: Any = object() if has_border else None
    allocations = tuple(Allocation(basis, 1, 1, basis, 1) for basis in bases)
    (part_range,) = plan_part_ranges({"AT": 5}, 10, SIZES)
    masses = RangeMasses(part_range, nothing, nothing, None, border, allocations)
    assert masses.is_by_run is by_run


class Watcher:
    """Notes events, and the blocks of the scratch file when its size is told."""

    def __init__(self, out: Path) -> None:
        self.out, self.scratch = out, 0
        self.events: list[Event] = []

    def on_event(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, ScratchUsed):
            (path,) = self.out.rglob("population.bin")
            self.scratch = path.stat().st_blocks * 512


def test_countries_are_told_by_number_and_temporary_files_by_their_blocks(
    covered: PublishedIndex, raster: PopulationRaster, tmp_path: Path
) -> None:
    watcher = Watcher(tmp_path)
    build_tile_weights(
        covered,
        tmp_path,
        basis="population:1,uniform:1",
        dp=3,
        population=in_windows(raster, 64 * 128),
        sizes=SMALL,
        observer=watcher,
        executor="serial",
    )
    weighed = [one for one in watcher.events if isinstance(one, CountryWeighed)]
    count = len(covered.spans)
    assert [one.country_iso for one in weighed] == list(covered.spans)
    assert [(one.done, one.total) for one in weighed] == [(n, count) for n in range(1, count + 1)]
    for one in weighed:
        assert one.tiles == covered.spans[one.country_iso].tile_count
        for basis in one.bases:
            assert 0 <= basis["remainder_units"] == basis["units"] - basis["floor_sum"]
    (used,) = [one for one in watcher.events if isinstance(one, ScratchUsed)]
    assert used.size_bytes == watcher.scratch > 0
