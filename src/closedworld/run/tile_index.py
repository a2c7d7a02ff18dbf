"""S1: cut every country into the tiles of the grid and publish them."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from closedworld._version import __version__
from closedworld.datasets import FileEntry, Published, Receipt, Staging, parameter_hash
from closedworld.datasets.paths import RECEIPT_NAME, stage_folder
from closedworld.datasets.reading import open_folder
from closedworld.errors import ConfigError, IntegrityError
from closedworld.execution import events, open_executor, run_tasks
from closedworld.run.stages import TILES
from closedworld.run.tile_files import TileTask, write_tiles
from closedworld.text import number_of
from closedworld.tiles import (
    PART_TILES,
    CountrySummary,
    World,
    enumerate_tiles,
    plan_units,
    summarize,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor

    from closedworld.countries import CountrySet
    from closedworld.execution.events import Observer
    from closedworld.grid import Grid
    from closedworld.run.tile_files import TileResult
    from closedworld.spans import Rule

FORMAT = 1
"""Raised when the same parameters would give other content or other files."""

_UNITS_AHEAD = 2
"""Units handed out per worker: one at work, one waiting, so that no worker waits for the next."""


@dataclass(frozen=True, slots=True, eq=False)
class TileIndex:
    """A published tile index.

    Attributes:
        published: Its folder and receipt.
        reused: Whether it was there before.
        world: The tiles as row spans.
        summaries: The account of each country, ascending by code.
        shared_tiles: Tiles that several countries own.
    """

    published: Published
    reused: bool
    world: World
    summaries: tuple[CountrySummary, ...]
    shared_tiles: int


class _Nobody:
    """The observer of a run that nobody watches."""

    def on_event(self, event: events.Event) -> None:
        """Let it pass."""


def build_tile_index(
    countries: CountrySet,
    grid: Grid,
    out: Path | str,
    *,
    rule: Rule | str = "center",
    keep_small_countries: bool = False,
    workers: int = 1,
    executor: Executor | None = None,
    unit_tiles: int = PART_TILES,
    observer: Observer | None = None,
) -> TileIndex:
    """Cut countries into tiles and publish ``tile_index``, ``tile_bounds`` and ``tile_spans``.

    The files are the same for every number of workers, executor and unit size. A result that is
    already published under the same parameters is verified and reused.

    Args:
        countries: The countries.
        grid: The lattice.
        out: Output folder.
        rule: ``center`` or ``any_overlap``.
        keep_small_countries: Give a country without tiles the one of its representative point.
        workers: Units of work done at once; with an executor of your own, how many it does.
        executor: Where units are done; by default in this thread, or in ``workers`` threads.
        unit_tiles: Tiles of a unit at most, rounded up to whole part files.
        observer: Told what happens.

    Raises:
        ConfigError: ``rule-unknown``, ``workers``, ``unit-size``, ``world-empty``.
        PublishError: ``output-not-writable``, ``published-differs``.
        IntegrityError: The published result under the same hash is damaged.
        UnitError: ``unit-failed``.
    """
    observer = observer or _Nobody()
    began = time.perf_counter()
    observer.on_event(events.EnumerationStarted(TILES.number, len(countries), str(grid), str(rule)))
    with _timed("spans", observer):
        world = enumerate_tiles(countries, grid, rule, keep_small_countries=keep_small_countries)
    _require_tiles(world, grid)
    with _timed("summaries", observer):
        shared, summaries = summarize(world, countries)
    units = plan_units(world.tile_counts, unit_tiles)
    parameters = _parameters(countries, world, keep_small_countries=keep_small_countries)
    published = _find(Path(out), parameters)
    reused = published is not None
    _tell_findings(world, shared, 0 if reused else len(units), began, observer)
    if published is not None:
        _tell_reused(published, time.perf_counter() - began, observer)
    else:
        # An executor that was handed in stays open for its owner.
        opened = nullcontext(executor) if executor else open_executor(workers)
        with Staging(Path(out), TILES.name) as staging, opened as pool:
            tasks = [
                TileTask(unit, world.spans[unit.country_iso], world.rule, staging.folder)
                for unit in units
            ]
            results = run_tasks(
                pool, write_tiles, tasks, name=str, in_flight=_UNITS_AHEAD * workers
            )
            with closing(results):
                files = _collect(results, world, observer)
            receipt = _receipt(parameters, world, shared, files)
            with _timed("publish", observer):
                published = Published(staging.publish(receipt), receipt)
        _tell_published(published, time.perf_counter() - began, observer)
    return TileIndex(published, reused, world, tuple(summaries), shared)


@contextmanager
def _timed(phase: str, observer: Observer) -> Iterator[None]:
    """Tell the observer how long the block took."""
    began = time.perf_counter()
    yield
    observer.on_event(events.PhaseFinished(phase, time.perf_counter() - began))


def _find(out: Path, parameters: dict[str, Any]) -> Published | None:
    """Return the verified result that is already there, if there is one."""
    folder = stage_folder(out, TILES.name, parameter_hash(parameters))
    if not folder.exists():
        return None
    if not (folder / RECEIPT_NAME).exists():
        raise IntegrityError(
            "receipt-missing",
            f"{folder} is where the result belongs, but it has no receipt.",
            "Delete the folder, or move it away, and run again.",
        )
    published = open_folder(folder)
    published.verify()
    return published


def _tell_reused(published: Published, seconds: float, observer: Observer) -> None:
    """Tell that nothing had to be written."""
    observer.on_event(
        events.StageReused(
            TILES.number, str(published.folder), published.receipt.parameter_hash, seconds
        )
    )


def _parameters(
    countries: CountrySet, world: World, *, keep_small_countries: bool
) -> dict[str, Any]:
    """Return everything that decides the content."""
    return {
        "format": FORMAT,
        "stage": TILES.name,
        "grid": world.grid.to_dict(),
        "rule": world.rule.value,
        "keep_small_countries": keep_small_countries,
        "countries": list(countries.isos),
        "polygons_sha256": countries.polygons_sha256(),
    }


def _require_tiles(world: World, grid: Grid) -> None:
    """Refuse a world in which no country has a tile."""
    if len(world.without_tiles) == len(world.spans):
        raise ConfigError(
            "world-empty",
            f"none of {number_of(len(world.spans), 'country', 'countries')} ({', '.join(list(world.spans)[:10])}) has a tile "
            f"on the grid of {grid} under rule {world.rule.value}.",
            "Take a grid that covers them."
            if len(world.off_grid) == len(world.spans)
            else "Take a finer grid, rule any_overlap, or --keep-small-countries.",
        )


def _tell_findings(world: World, shared: int, units: int, began: float, observer: Observer) -> None:
    """Tell what the enumeration found."""
    counts = world.tile_counts
    observer.on_event(
        events.EnumerationFinished(
            stage=TILES.number,
            countries=len(counts) - len(world.without_tiles),
            tiles=sum(counts.values()),
            runs=sum(spans.n_runs for spans in world.spans.values()),
            units=units,
            seconds=time.perf_counter() - began,
        )
    )
    if world.off_grid:
        observer.on_event(
            events.Warned(
                "countries-off-grid",
                f"{number_of(len(world.off_grid), 'country', 'countries')} outside the grid: "
                f"{', '.join(sorted(world.off_grid))}.",
            )
        )
    small = [iso for iso in world.without_tiles if iso not in world.off_grid]
    if small:
        observer.on_event(
            events.Warned(
                "countries-without-tiles",
                f"{number_of(len(small), 'country', 'countries')} without a tile under rule {world.rule.value}: "
                f"{', '.join(small)}. "
                "Use a finer grid, rule any_overlap, or --keep-small-countries.",
            )
        )
    if world.kept_small:
        observer.on_event(
            events.Warned(
                "countries-kept-small",
                f"{number_of(len(world.kept_small), 'country', 'countries')} given the tile of the representative point: "
                f"{', '.join(sorted(world.kept_small))}.",
            )
        )
    if shared:
        observer.on_event(
            events.Warned("tiles-shared", f"{shared:,} tiles that two countries or more own.")
        )


def _collect(
    results: Iterator[tuple[TileTask, TileResult]], world: World, observer: Observer
) -> list[FileEntry]:
    """Return the files of all units, and tell of each unit and country as it is done."""
    began = time.perf_counter()
    counts = {iso: count for iso, count in world.tile_counts.items() if count}
    left = Counter(counts)
    files: list[FileEntry] = []
    countries_done = tiles_done = 0
    for task, result in results:
        iso, tiles = task.unit.country_iso, task.unit.tile_count
        files += result.files
        tiles_done += tiles
        left[iso] -= tiles
        observer.on_event(
            events.UnitFinished(
                str(task), iso, tiles, result.worker, result.seconds, dict(result.phases)
            )
        )
        if left[iso] == 0:
            countries_done += 1
            observer.on_event(
                events.CountryFinished(
                    country_iso=iso,
                    tiles=counts[iso],
                    done=countries_done,
                    total=len(counts),
                    tiles_done=tiles_done,
                    tiles_total=sum(counts.values()),
                    seconds=time.perf_counter() - began,
                )
            )
    return files


def _receipt(
    parameters: dict[str, Any], world: World, shared: int, files: list[FileEntry]
) -> Receipt:
    """Return the seal of the result."""
    counts = world.tile_counts
    return Receipt(
        stage=TILES.name,
        parameter_hash=parameter_hash(parameters),
        parameters=parameters,
        totals={
            "countries": len(counts),
            "countries_without_tiles": list(world.without_tiles),
            "countries_off_grid": sorted(world.off_grid),
            "countries_kept_small": sorted(world.kept_small),
            "tiles": sum(counts.values()),
            "runs": sum(spans.n_runs for spans in world.spans.values()),
            "tiles_shared": shared,
        },
        versions={"closedworld": __version__, "pyarrow": version("pyarrow")},
        files=tuple(sorted(files)),
    )


def _tell_published(published: Published, seconds: float, observer: Observer) -> None:
    """Tell of each dataset that readers see now."""
    for name, total in published.receipt.datasets().items():
        observer.on_event(
            events.DatasetPublished(
                dataset=name,
                path=str(published.folder / name),
                rows=total["rows"],
                files=total["files"],
                size_bytes=total["size_bytes"],
                seconds=seconds,
            )
        )
