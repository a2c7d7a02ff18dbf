"""The plan: part files cover a country's ranks; tasks are whole part files, heaviest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from closedworld.errors import ConfigError
from closedworld.kernels.sizes import DEFAULT_SIZES, Sizes
from closedworld.kernels.tiles import (
    Part,
    PartRange,
    plan_part_ranges,
    plan_parts,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

PART_TILES, ROW_GROUP_TILES = DEFAULT_SIZES.part_tiles, DEFAULT_SIZES.row_group_tiles
COUNTS = st.integers(0, 12 * PART_TILES)
WORLDS = st.dictionaries(st.sampled_from(["AA", "BB", "CC", "DD", "EE"]), COUNTS)


def ranks(parts: Sequence[Part]) -> list[tuple[int, int]]:
    return [(part.first_rank, part.stop_rank) for part in parts]


@given(COUNTS)
def test_parts_cover_the_ranks_exactly_once_and_in_order(tile_count: int) -> None:
    parts = plan_parts("DE", tile_count)
    bounds = [0, *(part.stop_rank for part in parts)]
    assert [part.first_rank for part in parts] == bounds[:-1]
    assert bounds[-1] == tile_count
    assert [part.number for part in parts] == list(range(len(parts)))
    assert all(0 < part.tile_count <= PART_TILES for part in parts)
    assert sum(part.tile_count for part in parts) == tile_count


def test_all_parts_but_the_last_are_full() -> None:
    assert ranks(plan_parts("DE", 2 * PART_TILES + 1)) == [
        (0, PART_TILES),
        (PART_TILES, 2 * PART_TILES),
        (2 * PART_TILES, 2 * PART_TILES + 1),
    ]
    assert len(plan_parts("DE", PART_TILES)) == 1


def test_a_country_without_tiles_has_no_part_and_no_unit() -> None:
    assert plan_parts("VA", 0) == ()
    assert plan_part_ranges({"VA": 0, "DE": 1}) == (PartRange("DE", (Part("DE", 0, 0, 1),)),)


def test_parts_are_whole_row_groups() -> None:
    """So that a row group of one part never lies in two."""
    assert PART_TILES % ROW_GROUP_TILES == 0


@given(WORLDS, st.integers(1, 30 * PART_TILES))
def test_units_hold_the_very_parts_of_the_countries_whatever_their_size(
    counts: dict[str, int], task_tiles: int
) -> None:
    units = plan_part_ranges(counts, task_tiles)
    planned = sorted(part for iso, count in counts.items() for part in plan_parts(iso, count))
    assert sorted(part for unit in units for part in unit.parts) == planned
    for unit in units:
        assert {part.country_iso for part in unit.parts} == {unit.country_iso}
        numbers = [part.number for part in unit.parts]
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
        assert unit.tile_count == sum(part.tile_count for part in unit.parts)


@given(WORLDS, st.integers(1, 30 * PART_TILES))
def test_units_come_heaviest_first_and_equal_ones_by_country_and_part(
    counts: dict[str, int], task_tiles: int
) -> None:
    keys = [
        (-unit.tile_count, unit.country_iso, unit.parts[0].number)
        for unit in plan_part_ranges(counts, task_tiles)
    ]
    assert keys == sorted(keys)


@given(WORLDS, st.randoms(use_true_random=False))
def test_the_plan_does_not_depend_on_the_order_of_the_countries(
    counts: dict[str, int], random: Random
) -> None:
    shuffled = list(counts.items())
    random.shuffle(shuffled)
    assert plan_part_ranges(dict(shuffled)) == plan_part_ranges(counts)


@pytest.mark.parametrize(
    ("task_tiles", "parts_per_unit"),
    [
        (1, 1),
        (PART_TILES - 1, 1),
        (PART_TILES, 1),
        (PART_TILES + 1, 2),
        (3 * PART_TILES, 3),
        (100 * PART_TILES, 5),
    ],
)
def test_the_size_of_a_unit_is_rounded_up_to_whole_parts(
    task_tiles: int, parts_per_unit: int
) -> None:
    units = plan_part_ranges({"DE": 5 * PART_TILES}, task_tiles)
    assert max(len(unit.parts) for unit in units) == parts_per_unit
    assert sum(len(unit.parts) for unit in units) == 5


@pytest.mark.parametrize("task_tiles", [0, -1])
def test_a_unit_must_have_tiles(task_tiles: int) -> None:
    with pytest.raises(ConfigError) as caught:
        plan_part_ranges({"DE": 1}, task_tiles)
    assert caught.value.code == "unit-size"
    assert str(task_tiles) in caught.value.message


SMALL = Sizes(row_group_tiles=4, part_tiles=12)


@given(st.integers(1, 40))
def test_row_groups_cover_a_part_exactly_once_and_all_but_the_last_are_full(tiles: int) -> None:
    for part in plan_parts("DE", tiles, SMALL):
        groups = list(part.row_groups())
        bounds = [part.first_rank, *(stop for _, stop in groups)]
        assert [first for first, _ in groups] == bounds[:-1]
        assert bounds[-1] == part.stop_rank
        assert all(stop - first == 4 for first, stop in groups[:-1])
        assert all(0 < stop - first <= 4 for first, stop in groups)


def test_a_unit_has_the_sizes_and_ranks_of_its_parts() -> None:
    first, last = plan_part_ranges({"DE": 27}, 24, SMALL)
    assert (first.first_rank, first.stop_rank, first.tile_count) == (0, 24, 24)
    assert (last.first_rank, last.stop_rank, last.tile_count) == (24, 27, 3)
    assert first.sizes == last.sizes == SMALL
    assert (first.largest_row_group, last.largest_row_group) == (4, 3)
    (whole,) = plan_part_ranges({"DE": 27})
    assert whole.sizes == DEFAULT_SIZES
    assert whole.parts == plan_parts("DE", 27)
    # Unless told, a task is a part file.
    assert plan_part_ranges({"DE": 3 * PART_TILES}) == plan_part_ranges(
        {"DE": 3 * PART_TILES}, PART_TILES, DEFAULT_SIZES
    )


def test_a_unit_is_called_by_its_country_and_parts() -> None:
    parts = plan_parts("DE", 3 * PART_TILES)
    assert str(PartRange("DE", parts)) == "DE parts 0 to 2"
    assert str(PartRange("DE", parts[1:2])) == "DE part 1"
