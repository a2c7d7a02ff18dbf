"""Rows of countries as tasks, and the memory that one takes."""

from __future__ import annotations

import pickle
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from closedworld.errors import ConfigError
from closedworld.execution.events import NullObserver
from closedworld.stages.country_source import TILES_IN_MEMORY, HeldDomain, RowRange
from closedworld.stages.placing_inputs import PlacingInputs
from closedworld.stages.sites.plan import SitePlan

if TYPE_CHECKING:
    from collections.abc import Mapping

DOMAIN, ROW = 96 << 20, 900


def plan_of(
    rows: Mapping[str, int], *, task_rows: int = 5, tiles: Mapping[str, int] | None = None
) -> SitePlan:
    """Return a plan for so many rows of countries of so many tiles."""
    by_country = {iso: SimpleNamespace(site_count=count) for iso, count in rows.items()}
    weights = {iso: SimpleNamespace(spans=range(n)) for iso, n in (tiles or {}).items()}
    requirements: Any = SimpleNamespace(by_country=by_country)
    nothing: Any = None
    return SitePlan(nothing, weights, task_rows, requirements, nothing)  # type: ignore[arg-type]


def test_tasks_are_ranges_of_rows_the_countries_of_most_rows_first_but_for_the_second() -> None:
    plan = plan_of({"AT": 5, "BE": 0, "CH": 12, "DE": 12})
    assert list(plan.ranges()) == [
        RowRange("CH", 0, 0, 5, tries_seed=True),
        RowRange("AT", 0, 0, 5, tries_seed=True),
        RowRange("CH", 1, 5, 10, tries_seed=True),
        RowRange("CH", 2, 10, 12, tries_seed=True),
        RowRange("DE", 0, 0, 5, tries_seed=True),
        RowRange("DE", 1, 5, 10, tries_seed=True),
        RowRange("DE", 2, 10, 12, tries_seed=True),
        RowRange("BE", 0, 0, 0, tries_seed=True),
    ]
    assert plan.task_count == 8
    assert plan.row_count == 29


def test_the_sixteen_heaviest_tasks_try_another_seed() -> None:
    plan = plan_of({f"{number:02}": number for number in range(1, 21)}, task_rows=100)
    assert [one.country_iso for one in plan.ranges() if one.tries_seed] == [
        f"{number:02}" for number in range(20, 4, -1)
    ]


@pytest.mark.parametrize(
    ("rows", "tiles", "expected"),
    [
        ({"AT": 3}, {"AT": 10, "RU": 999}, DOMAIN + 40 + 3 * ROW),
        ({"AT": 3, "BE": 12}, {"AT": 10, "BE": 7}, DOMAIN + 40 + 5 * ROW),
        ({"AT": 3}, {"AT": TILES_IN_MEMORY + 1}, DOMAIN + (256 << 20) + 3 * ROW),
        ({"AT": 3}, {}, DOMAIN + (256 << 20) + 3 * ROW),
        ({}, {}, DOMAIN + (256 << 20)),
    ],
)
def test_memory_is_that_of_the_largest_country_and_task(
    rows: dict[str, int], tiles: dict[str, int], expected: int
) -> None:
    memory = plan_of(rows, tiles=tiles).memory
    assert (memory.shared, memory.per_worker) == (0, expected)


@pytest.mark.parametrize(("rows", "executor"), [(499_999, "threads"), (500_000, "processes")])
def test_many_rows_are_placed_in_processes(rows: int, executor: str) -> None:
    assert plan_of({"AT": 2, "BE": rows - 2}).executor == executor


def test_tasks_that_come_to_another_process_share_a_country_there() -> None:
    here = HeldDomain()
    made: list[int] = []

    def make() -> Any:
        made.append(len(made))
        return made[-1]

    tasks = [pickle.dumps(here) for _ in range(2)]
    assert [pickle.loads(task).get("AT", make) for task in tasks] == [0, 0]  # noqa: S301
    assert pickle.loads(tasks[0]).get("BE", make) == 1  # noqa: S301
    assert pickle.loads(pickle.dumps(HeldDomain())).get("BE", make) == 2  # noqa: S301


def test_a_forecast_has_neither_index_nor_weights() -> None:
    nothing: Any = None
    inputs = PlacingInputs(
        {}, None, None, nothing, 0, skip_unplaceable=False, observer=NullObserver()
    )
    assert inputs.built_on == []
    assert inputs.cumulative_weights("outlets") == {}


def test_points_are_placed_in_countries_by_weights() -> None:
    tiles = SimpleNamespace(published=None, source=SimpleNamespace(spans={}))
    context: Any = SimpleNamespace(
        upstream={"tiles": tiles}, inputs=SimpleNamespace(countries=None)
    )
    with pytest.raises(TypeError, match="placed in countries"):
        PlacingInputs.of_run(context)
    index = SimpleNamespace(published=SimpleNamespace(folder="the world"))
    world: Any = SimpleNamespace(index=index, weights=None)
    with pytest.raises(ConfigError, match="the world has no weights to place homes by") as caught:
        PlacingInputs.of_world(
            world, "homes", None, seed=0, skip_unplaceable=False, observer=NullObserver()
        )
    assert caught.value.code == "weights-missing"
