"""Weights that are refused or fail leave nothing to see; events of those that succeed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from weights_law import SMALL, Watcher, in_windows, persons, write_raster

from closedworld.errors import ConfigError, GridError, InputError, UnitError
from closedworld.execution import events
from closedworld.kernels.grid import Grid
from closedworld.stages.tiles.build import build_tile_index
from closedworld.stages.weights import part_files as weight_files
from closedworld.stages.weights import population
from closedworld.stages.weights.build import build_tile_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from closedworld.execution.events import Event
    from closedworld.inputs.loading import PopulationRaster
    from closedworld.inputs.regions.country_set import CountrySet
    from closedworld.published.tile_index import PublishedIndex


def test_coverage_with_the_rule_center_is_refused(
    tiny: CountrySet, half_degrees: Grid, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as caught:
        build_tile_index(tiny, half_degrees, tmp_path / "out", rule="center", coverage=True)
    assert caught.value.code == "coverage-rule"
    assert everything(tmp_path) == set()


def everything(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*")}


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"basis": "population"}, "basis-needs-raster"),
        ({"basis": "populated:1,area_m2:1"}, "basis-needs-raster"),
        ({"basis": "people"}, "basis-unknown"),
        ({"basis": "area_m2,uniform"}, "basis-syntax"),
        ({"dp": 19}, "dp-range"),
        ({"dp": -1}, "dp-range"),
        ({"weigh_by_coverage": True}, "coverage-missing"),
        ({"workers": 0}, "workers"),
        ({"task_tiles": 0}, "unit-size"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_written(
    index: PublishedIndex, tmp_path: Path, options: dict[str, Any], code: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        build_tile_weights(index, tmp_path / "out", **options)
    assert caught.value.code == code
    assert everything(tmp_path) == set()


def test_a_raster_of_another_grid_is_refused_before_anything_is_written(
    index: PublishedIndex, tmp_path: Path
) -> None:
    other = Grid(-180.0, 60.0, 1.0, 1.0, 360, 120)
    people = write_raster(tmp_path / "a.tif", np.ones((120, 360), np.uint8), other)
    with pytest.raises(GridError) as caught:
        build_tile_weights(index, tmp_path / "out", basis="population", population=people)
    assert caught.value.code == "grids-differ"
    assert str(other) in caught.value.message
    assert str(index.grid) in caught.value.message
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("closedworld.stages.weights.population.read_band", population.read_band),
        ("closedworld.stages.weights.cutoffs.count_remainders", weight_files.count_remainders),
        ("closedworld.stages.weights.plan.write_weights", weight_files.write_weights),
    ],
    ids=["reading", "counting", "writing"],
)
def test_a_task_that_fails_is_named_and_nothing_is_left_to_see(
    index: PublishedIndex,
    raster: PopulationRaster,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    plain: Callable[[Any], Any],
    workers: int,
) -> None:
    """Neither published nor scratch files, in whichever phase it happens; the next run clears the rest."""
    people = in_windows(raster, 64 * 128)
    options: dict[str, Any] = {"basis": "population", "population": people, "sizes": SMALL}
    seen: list[str] = []

    def fails_third(task: Any) -> Any:
        seen.append(str(task))
        if len(seen) >= 3:
            raise ZeroDivisionError("made up")
        return plain(task)

    monkeypatch.setattr(name, fails_third)
    with pytest.raises(UnitError) as caught:
        build_tile_weights(index, tmp_path / "out", workers=workers, **options)
    assert "failed: ZeroDivisionError: made up" in caught.value.message
    assert any(caught.value.message.startswith(task) for task in seen[2:])
    assert visible_or_scratch(tmp_path) <= {"out"}
    monkeypatch.setattr(name, plain)
    build_tile_weights(index, tmp_path / "out", **options)
    assert not (tmp_path / "out" / ".staging").exists()


def test_a_value_too_large_names_its_place_and_leaves_nothing(
    index: PublishedIndex, half_degrees: Grid, tmp_path: Path
) -> None:
    pixels = persons(half_degrees)
    own = index.spans["ZA"]
    row, col = int(own.rows[5]), int(own.col_stops[5]) - 1
    pixels[row, col] = 3.4e38
    people = write_raster(tmp_path / "a.tif", pixels, half_degrees, nodata=-99999)
    with pytest.raises(InputError) as caught:
        build_tile_weights(index, tmp_path / "out", basis="population", population=people)
    assert caught.value.code == "raster-value-too-large"
    assert f"row {row}, column {col} holds 3.4e+38" in caught.value.message
    assert everything(tmp_path) <= {"out", "a.tif"}


def visible_or_scratch(root: Path) -> set[str]:
    """Return what is below a folder, other than finished units that wait for the next run."""
    return {
        path
        for path in everything(root)
        if not path.startswith("out/.staging") or path.endswith((".bin", ".scratch"))
    }


def test_an_observer_that_fails_leaves_nothing_to_see(
    index: PublishedIndex, raster: PopulationRaster, tmp_path: Path
) -> None:
    class Fails:
        def on_event(self, event: Event) -> None:
            if type(event) is events.PartitionFinished:
                raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        build_tile_weights(
            index,
            tmp_path / "out",
            basis="population",
            population=raster,
            workers=2,
            observer=Fails(),
        )
    assert visible_or_scratch(tmp_path) <= {"out"}


def test_the_scratch_file_is_gone_after_success(
    index: PublishedIndex, raster: PopulationRaster, tmp_path: Path
) -> None:
    build_tile_weights(index, tmp_path, basis="population", population=raster)
    assert not (tmp_path / ".staging").exists()
    assert not any(path.endswith(".bin") for path in everything(tmp_path))


def test_events_come_in_order_and_add_up(
    index: PublishedIndex, raster: PopulationRaster, tmp_path: Path
) -> None:
    watcher = Watcher()
    build_tile_weights(index, tmp_path, basis="population", population=raster, observer=watcher)
    kinds = [type(event).__name__ for event in watcher.events]
    assert kinds[0] == "WorkStarted"
    last = [kind for kind in kinds if kind != "Warned"][-2:]
    assert last == ["DatasetPublished"] * 2
    tiles = sum(own.tile_count for own in index.spans.values())
    works: Sequence[str] = [e.work for e in watcher.events if isinstance(e, events.WorkStarted)]
    assert list(works) == ["reading", "weighing", "writing"]
    done: Mapping[str, int] = {
        work: sum(
            e.rows for e in watcher.events if isinstance(e, events.TaskFinished) and e.work == work
        )
        for work in works
    }
    assert dict(done) == dict.fromkeys(works, tiles)
    weighed = [e for e in watcher.events if isinstance(e, events.CountryWeighed)]
    assert [one.done for one in weighed] == list(range(1, len(index.spans) + 1))
