"""What is told of tiles."""

from __future__ import annotations

import itertools
from dataclasses import replace
from importlib import import_module
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from closedworld.datasets.parameters import TileTotals
from closedworld.errors import ConfigError
from closedworld.execution.events import (
    EnumerationFinished,
    EnumerationStarted,
    IndexOpened,
    NullObserver,
    Warned,
)
from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import Fill, Rule
from closedworld.published.lineage import COUNTRY, REGION
from closedworld.stages.tiles.build import build_tile_index
from closedworld.stages.tiles.outcome import TileIndex, warn_of_cut
from closedworld.stages.tiles.part_files import MapTask
from closedworld.stages.tiles.plan import (
    TilePlan,
    _findings,
    _require_tiles,
    memory_of,
    plan_run,
    plan_tile_index,
    reopen,
)
from closedworld.testing import tiny_grid

if TYPE_CHECKING:
    from pathlib import Path

    from closedworld.execution.events import Event
    from closedworld.inputs.regions.country_set import CountrySet


def test_countries_that_are_cut_are_named_the_most_cut_first() -> None:
    shares = {"AA": 0.0009, "BB": 0.001, "CC": 1.0, "DD": 0.0, "EE": 0.75, "FF": 0.75}
    warned = warn_of_cut(shares)
    assert warned is not None
    assert warned.code == "countries-cut"
    assert warned.message.startswith(
        "3 countries are cut by the edge of the grid: EE (75.0% outside), FF (75.0% outside), "
        "BB (0.1% outside). What"
    )
    assert warn_of_cut({"AA": 0.0009, "CC": 1.0}) is None


def test_of_many_countries_that_are_cut_ten_are_named() -> None:
    for count, ends in (
        (10, "J (50.0% outside). What"),
        (11, "J (50.0% outside) and 1 more. What"),
    ):
        warned = warn_of_cut(dict.fromkeys("ABCDEFGHIJK"[:count], 0.5))
        assert warned is not None
        assert ends in warned.message


def test_a_country_without_any_time_has_no_rate(tiny_index: TileIndex) -> None:
    first, second, *_ = tiny_index.summaries
    lines = tiny_index.summary_lines({first.country_iso: 4.0})
    assert [line["country_iso"] for line in lines] == [
        one.country_iso for one in tiny_index.summaries
    ]
    assert (lines[0]["seconds"], lines[0]["rows_per_second"]) == (4.0, first.cells_included / 4)
    assert lines[1] == {**second.to_dict(), "seconds": 0.0, "rows_per_second": None}


@pytest.mark.usefixtures("world_map")
def test_the_map_is_drawn_of_all_tiles(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    drawn: list[tuple[Any, ...]] = []
    maps = import_module("closedworld.maps.world_map")
    monkeypatch.setattr(maps, "draw_tiles", lambda *given: drawn.append(given))
    task = MapTask({}, Rule.CENTER, "by us", tmp_path / "map.png")
    assert set(task.draw().phases) == {"pictures"}
    assert drawn == [({}, Rule.CENTER, "by us", tmp_path / "map.png")]


class Watcher:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def on_event(self, event: Event) -> None:
        self.events.append(event)


def test_the_search_for_tiles_is_told_and_an_index_that_is_opened(
    tiny: CountrySet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watcher = Watcher()
    monkeypatch.setattr("time.perf_counter", itertools.count(1000.0).__next__)
    built = build_tile_index(tiny, tiny_grid(), tmp_path, observer=watcher, executor="serial")
    (started,) = (one for one in watcher.events if isinstance(one, EnumerationStarted))
    (finished,) = (one for one in watcher.events if isinstance(one, EnumerationFinished))
    world, totals = built.world, built.published.totals(TileTotals)
    assert started == EnumerationStarted("S1", len(tiny), str(tiny_grid()), "center")
    assert replace(finished, seconds=0.0) == EnumerationFinished(
        "S1", len(world.spans) - len(world.without_tiles), totals.tiles, totals.runs,
        len([one for one in world.spans.values() if one.n_runs]), 0.0,
    )  # fmt: skip
    assert 0 < finished.seconds < 1000
    watcher.events.clear()
    index = reopen(built.published, "S2", watcher)
    (opened,) = watcher.events
    assert opened == IndexOpened(
        "S2", str(built.published.folder), len(index.spans), totals.tiles, totals.runs, 1.0
    )


def findings(**world: Any) -> list[tuple[str, str]]:
    """Return what is warned of in a world of regions, A to E, of which none has a tile unless it is said."""
    made: dict[str, Any] = {
        "spans": dict.fromkeys("ABCDE"),
        "without_tiles": (),
        "off_grid": frozenset(),
        "kept_small": frozenset(),
        "rule": Rule.CENTER,
    }
    own_codes = world.pop("own_codes", ("A",))
    plan: Any = SimpleNamespace(
        world=SimpleNamespace(**{**made, **world}),
        parameters=SimpleNamespace(own_codes=own_codes),
        nouns=COUNTRY if own_codes is None else REGION,
        summaries=world.pop("summaries", []),
        shared_tiles=world.pop("shared_tiles", 0),
        row_count=5, run_count=3, part_ranges=range(2), countries=None,
    )  # fmt: skip
    (_, *warned) = list(_findings(plan, 1.0))
    return [(one.code, one.message) for one in warned if isinstance(one, Warned)]


def test_what_is_doubtful_about_tiles_is_told_each_by_itself() -> None:
    assert findings() == []
    assert findings(shared_tiles=1) == [("tiles-shared", "1 tile that two regions or more own.")]
    found = dict(
        findings(
            without_tiles=("A", "B", "C"), off_grid=frozenset({"C", "B"}), kept_small=frozenset("DE"),
            summaries=[SimpleNamespace(country_iso="D", outside_share=0.5)], shared_tiles=1200,
        )
    )  # fmt: skip
    assert list(found) == [
        "countries-off-grid", "countries-without-tiles", "countries-kept-small", "countries-cut", "tiles-shared"
    ]  # fmt: skip
    assert found["countries-off-grid"] == "2 regions outside the grid: B, C."
    assert found["countries-without-tiles"].startswith(
        "1 region without a tile under rule center: A. Use a finer grid"
    )
    assert found["countries-kept-small"].endswith("tile of the representative point: D, E.")
    assert found["countries-cut"].startswith("1 region is cut by the edge of the grid: D")
    assert found["tiles-shared"].startswith("1,200 tiles that two regions")


def test_towns_are_looked_for_in_countries_and_not_in_regions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "closedworld.stages.tiles.plan.warn_of_towns", lambda *_: Warned("towns", "some")
    )
    assert findings() == []
    assert findings(own_codes=None) == [("towns", "some")]


@pytest.mark.parametrize(
    ("tiles", "runs", "expected"),
    [
        ((), (), 0),
        ((5, 9), (2, 3), 9 * 36 + 3 * 114),
        ((1 << 20, 7), (1,), (1 << 20) * 36 + 114),
        (((1 << 20) + 1,), ((1 << 20) + 1,), (1 << 20) * 150),
    ],
)
def test_memory_is_that_of_the_largest_country_up_to_a_row_group(
    tiles: tuple[int, ...], runs: tuple[int, ...], expected: int
) -> None:
    memory = memory_of(tiles, runs)
    assert (memory.shared, memory.per_worker) == (0, expected)
    assert memory.beside == 160 << 20


def test_the_rate_of_a_sample_is_that_of_the_files_of_the_largest_country(
    tiny: CountrySet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = planned(tiny)
    built = build_tile_index(tiny, tiny_grid(), tmp_path, executor="serial").published
    largest = plan.part_ranges[0]
    assert largest.tile_count == max(plan.world.tile_counts.values())
    sizes = [
        entry.size_bytes
        for name in ("tile_index", "tile_bounds")
        for entry in built.files(name)[largest.country_iso]
    ]
    monkeypatch.setattr("time.perf_counter", itertools.count(1000.0, 0.5).__next__)
    rate, row_bytes = plan.rate_of_sample()
    assert rate == largest.tile_count / 0.5
    assert row_bytes == pytest.approx(sum(sizes) / largest.tile_count)


def planned(countries: CountrySet, **options: Any) -> TilePlan:
    given = {"rule": "center", "keep_small_countries": False, "coverage": False, **options}
    return plan_tile_index(countries, tiny_grid(), observer=NullObserver(), **given)


def test_coverage_is_refused_where_it_means_nothing(tiny: CountrySet) -> None:
    filled: Any = SimpleNamespace(fill=Fill.EVENODD)
    with pytest.raises(ConfigError, match="fill-coverage"):
        planned(filled, rule="any_overlap", coverage=True)
    with pytest.raises(ConfigError, match="coverage-rule"):
        planned(tiny, coverage=True)
    for rule, coverage in (("any_overlap", True), ("any_overlap", False), ("center", False)):
        assert planned(tiny, rule=rule, coverage=coverage).has_coverage is coverage


def test_tiles_are_planned_from_countries() -> None:
    context: Any = SimpleNamespace(config=None, inputs=SimpleNamespace(countries=None))
    with pytest.raises(TypeError, match="from countries"):
        plan_run(context)


@pytest.mark.parametrize(
    ("without", "off_grid", "nouns", "what", "hint"),
    [
        ("AB", "AB", COUNTRY, "2 countries (A, B) have no tile", "Take a grid that covers them."),
        ("AB", "A", REGION, "2 regions (A, B) have no tile", "Take a finer grid"),
        ("A", "A", COUNTRY, "1 country (A) has no tile", "Take a grid that covers them."),
    ],
)
def test_a_world_without_tiles_is_refused_with_what_would_help(
    without: str, off_grid: str, nouns: tuple[str, str], what: str, hint: str
) -> None:
    world: Any = SimpleNamespace(
        spans=dict.fromkeys(without), without_tiles=tuple(without), off_grid=frozenset(off_grid),
        grid="a grid", rule=Rule.CENTER,
    )  # fmt: skip
    with pytest.raises(ConfigError, match="world-empty") as caught:
        _require_tiles(world, nouns)
    assert caught.value.message.startswith(f"{what} on the grid of a grid under rule center")
    assert caught.value.hint.startswith(hint)
    world.spans["C"] = None
    _require_tiles(world, nouns)


def test_countries_that_lie_off_the_grid_are_refused(tiny: CountrySet) -> None:
    grid = Grid(100.0, -60.0, 1.0, 1.0, 2, 2)
    with pytest.raises(ConfigError, match=r"1 country \(FR\) has no tile"):
        plan_tile_index(
            tiny.select("FR"), grid, rule="center", keep_small_countries=False, coverage=False,
            observer=NullObserver(),
        )  # fmt: skip
