"""The plan of S1: which tiles each country gets, and the tasks that write them; nothing is written."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from closedworld.datasets import TILE_BOUNDS, TILE_INDEX, Partition
from closedworld.datasets.parameters import TileParameters, TileTotals
from closedworld.datasets.part_encoder import part_writer
from closedworld.errors import ConfigError
from closedworld.execution import events
from closedworld.execution.events import Event, Observer
from closedworld.inputs.regions.country_set import CountrySet
from closedworld.kernels.grid import Grid
from closedworld.kernels.records import Records
from closedworld.kernels.sizes import DEFAULT_SIZES, Sizes
from closedworld.kernels.spans import Border, RowSpans, Rule, border_coverage
from closedworld.kernels.tiles import (
    CountrySummary,
    PartRange,
    RowGroup,
    Tiles,
    World,
    enumerate_tiles,
    plan_part_ranges,
    summarize,
)
from closedworld.published.lineage import COUNTRY, REGION
from closedworld.published.tile_index import PublishedIndex, read_index
from closedworld.sanitize import number_of
from closedworld.stages import TILES, Stage
from closedworld.stages.memory import MEBIBYTE, StageMemory
from closedworld.stages.protocol import Folded, RunContext, StagePlan
from closedworld.stages.runner import timed
from closedworld.stages.task_runner import TaskRunner
from closedworld.stages.tasks import DigestedResult
from closedworld.stages.tiles.outcome import TileIndex, warn_of_cut
from closedworld.stages.tiles.part_files import MapTask, TileTask, plan_tile_tasks, write_tiles
from closedworld.stages.tiles.towns import warn_of_towns
from closedworld.store.reading import Published
from closedworld.store.receipt import parameter_hash

FORMAT = 4
"""Raised when the same parameters would give other content or other files."""

TILE_BYTES = 36
"""Of a tile while its row group is encoded: the index of its raster column 4, packed 3, compressed at most 3; with
coverage its share 8, compressed at most 8, behind its page's header 8 again. Most countries take half of it."""

RUN_BYTES = 114
"""Of a run of these tiles, its arrays: where every run is of one tile, 84 to 150 bytes in all were measured."""

PICTURE_BYTES = 160 * MEBIBYTE
"""The map, which one of the workers draws while the others write: 45 bytes for each of at most 2,280 x 1,642 px, measured;
two thirds of it for the flat shape of the globe."""


@dataclass(frozen=True, eq=False)
class TilePlan(StagePlan[TileTask, DigestedResult, TileIndex]):
    """All that is known of a tile index before it is written.

    Attributes:
        countries: The countries.
        world: Their tiles, as row spans.
        summaries: What is reported of each country, ascending by code.
        shared_tiles: Tiles that several countries own.
        part_ranges: What each task writes, heaviest first.
        parameters: Everything that decides the content.
        observer: Told of what takes time.
    """

    stage: ClassVar[Stage] = TILES
    task_result: ClassVar[type[DigestedResult]] = DigestedResult

    countries: CountrySet
    world: World
    summaries: Records[CountrySummary]
    shared_tiles: int
    part_ranges: tuple[PartRange, ...]
    parameters: TileParameters
    observer: Observer

    @property
    def country_codes(self) -> tuple[str, ...]:
        """Codes of all countries, ascending; those without tiles too."""
        return self.parameters.countries

    @property
    def nouns(self) -> tuple[str, str]:
        """What one country and several are called, if they are regions with codes of their own."""
        return COUNTRY if self.parameters.own_codes is None else REGION

    @property
    def partitions(self) -> tuple[Partition, ...]:
        """All countries."""
        return tuple(map(Partition.of_country, self.country_codes))

    @property
    def parameter_hash(self) -> str:
        """Identity of the index."""
        return parameter_hash(self.parameters.to_dict())

    @property
    def grid(self) -> Grid:
        """The lattice."""
        return self.world.grid

    @cached_property
    def spans(self) -> Mapping[str, RowSpans]:
        """Tiles by country code, ascending; countries without tiles are not in it."""
        return {iso: own for iso, own in self.world.spans.items() if own.n_runs}

    @property
    def has_coverage(self) -> bool:
        """Whether the share of each tile that lies in its country is wanted."""
        return self.parameters.coverage

    @cached_property
    def _borders(self) -> dict[str, Border]:
        with timed(TILES, "coverage", self.observer):
            return {
                country.iso: border_coverage(country.features, self.world.spans[country.iso])
                for country in self.countries
            }

    def coverage(self) -> Mapping[str, Border]:
        """Return, for each country, its tiles that are not wholly inside; only with ``has_coverage``."""
        return self._borders

    @property
    def row_count(self) -> int:
        """Tiles of all countries."""
        return sum(self.world.tile_counts.values())

    @property
    def run_count(self) -> int:
        """Runs of all countries."""
        return sum(spans.n_runs for spans in self.world.spans.values())

    @property
    def task_count(self) -> int:
        """Tasks that write."""
        return len(self.part_ranges)

    @property
    def memory(self) -> StageMemory:
        """What the stage takes beside what the run holds anyway."""
        runs = (own.n_runs for own in self.world.spans.values())
        return memory_of(self.world.tile_counts.values(), runs)

    @property
    def write(self) -> Callable[[TileTask], DigestedResult]:
        """The function that does a task."""
        return write_tiles

    def totals(self) -> TileTotals:
        """Return the totals of the receipt."""
        world = self.world
        return TileTotals(
            countries=len(world.spans),
            countries_without_tiles=tuple(world.without_tiles),
            countries_off_grid=tuple(sorted(world.off_grid)),
            countries_kept_small=tuple(sorted(world.kept_small)),
            tiles=self.row_count,
            runs=self.run_count,
            tiles_shared=self.shared_tiles,
        )

    def tasks(self, runner: TaskRunner) -> Sequence[TileTask]:
        """Return the tasks that write."""
        borders = self.coverage() if self.has_coverage else None
        return plan_tile_tasks(self.part_ranges, self.world, borders, runner.staging.folder)

    def fold(
        self, runner: TaskRunner, written: Iterable[tuple[TileTask, DigestedResult, bool]]
    ) -> Folded:
        """Return what all results come to."""
        del runner
        folded = Folded(totals=self.totals(), summaries=self.summaries)
        for task, result, _ in written:
            folded.files += result.files
            if result.digests:
                folded.digests[task.partition.value] = {
                    name: bytes.fromhex(digest) for name, digest in result.digests.items()
                }
        return folded

    def outcome(self, published: Published, folded: Folded | None) -> TileIndex:
        """Return the published index."""
        return TileIndex(published, folded is None, self.summaries, self.world, self.shared_tiles)

    def rate_of_sample(self) -> tuple[float, float]:
        """Return tiles per second and bytes per tile, from encoding the largest part range in memory."""
        part_range = self.part_ranges[0]
        spans = self.world.spans[part_range.country_iso]
        began = time.perf_counter()
        index, bounds = part_writer(TILE_INDEX), part_writer(TILE_BOUNDS)
        for part in part_range.parts:
            for first, stop in part.row_groups():
                tiles = Tiles.ranked(spans, first, stop)
                group = RowGroup(part_range.country_iso, tiles, self.world.areas)
                index.write(group.index(self.world.rule))
                bounds.write(group.bounds())
        size = index.finish().size + bounds.finish().size
        seconds = time.perf_counter() - began
        return part_range.tile_count / seconds, size / part_range.tile_count

    def picture(self, path: Path, attribution: str) -> MapTask:
        """Return what draws the map of all tiles by country."""
        return MapTask(self.world.spans, self.world.rule, attribution, path)


def memory_of(tile_counts: Iterable[int], run_counts: Iterable[int] = ()) -> StageMemory:
    """Return what the stage takes beside what the run holds anyway, given tiles and runs of each country."""
    tiles, runs = (
        min(DEFAULT_SIZES.row_group_tiles, max(counts, default=0))
        for counts in (tile_counts, run_counts)
    )
    return StageMemory(0, tiles * TILE_BYTES + runs * RUN_BYTES, PICTURE_BYTES)


def plan_run(context: RunContext) -> TilePlan:
    """Return the plan of a run's tiles.

    Raises:
        ConfigError: As ``plan_tile_index``.
    """
    config, inputs = context.config, context.inputs
    if inputs.countries is None:
        raise TypeError("tiles are planned from countries")
    return plan_tile_index(
        inputs.countries,
        inputs.grid,
        rule=config.rule,
        keep_small_countries=config.keep_small_countries,
        coverage=config.coverage,
        observer=context.observer,
    )


def reopen(published: Published, stage: str, observer: Observer) -> PublishedIndex:
    """Return a published index, read back as runs.

    Raises:
        IntegrityError: It is damaged.
    """
    began = time.perf_counter()
    index = read_index(published)
    observer.on_event(
        events.IndexOpened(
            stage=stage,
            path=str(published.folder),
            countries=len(index.spans),
            tiles=sum(own.tile_count for own in index.spans.values()),
            runs=sum(own.n_runs for own in index.spans.values()),
            seconds=time.perf_counter() - began,
        )
    )
    return index


def plan_tile_index(
    countries: CountrySet,
    grid: Grid,
    *,
    rule: Rule | str,
    keep_small_countries: bool,
    coverage: bool,
    observer: Observer,
    task_tiles: int = DEFAULT_SIZES.part_tiles,
    sizes: Sizes = DEFAULT_SIZES,
) -> TilePlan:
    """Find the tiles of all countries and cut them into tasks; see ``build_tile_index``.

    Raises:
        ConfigError: ``rule-unknown``, ``fill-coverage``, ``coverage-rule``, ``unit-size``, ``world-empty``.
    """
    rule = Rule.parse(rule)
    if coverage and countries.fill is not None:
        raise ConfigError(
            "fill-coverage",
            f"fill rule {countries.fill} says which tiles share an area with rings that cross, not how much of it.",
            "Leave out coverage, or repair the polygons instead.",
        )
    if coverage and rule is not Rule.ANY_OVERLAP:
        raise ConfigError(
            "coverage-rule",
            f"coverage is asked for with rule {rule.value}, which leaves out tiles that a country "
            "covers in part.",
            "Take rule any_overlap.",
        )
    began = time.perf_counter()
    observer.on_event(events.EnumerationStarted(TILES.number, len(countries), str(grid), str(rule)))
    with timed(TILES, "spans", observer):
        world = enumerate_tiles(
            countries, grid, rule, keep_small_countries=keep_small_countries, fill=countries.fill
        )
    _require_tiles(world, COUNTRY if countries.own_codes is None else REGION)
    with timed(TILES, "summaries", observer):
        shared, summaries = summarize(world, countries)
    parameters = TileParameters(
        format=FORMAT,
        grid=grid,
        rule=rule,
        keep_small_countries=keep_small_countries,
        countries=countries.isos,
        polygons_sha256=countries.polygons_sha256(),
        coverage=coverage,
        fill=countries.fill,
        regions=countries.regions,
    )
    part_ranges = plan_part_ranges(world.tile_counts, task_tiles, sizes)
    plan = TilePlan(countries, world, summaries, shared, part_ranges, parameters, observer)
    for event in _findings(plan, time.perf_counter() - began):
        observer.on_event(event)
    return plan


def _require_tiles(world: World, nouns: tuple[str, str]) -> None:
    if len(world.without_tiles) == len(world.spans):
        raise ConfigError(
            "world-empty",
            f"{number_of(len(world.spans), *nouns)} ({', '.join(list(world.spans)[:10])}) "
            f"{'has' if len(world.spans) == 1 else 'have'} no tile on the grid of {world.grid} under "
            f"rule {world.rule.value}.",
            "Take a grid that covers them."
            if len(world.off_grid) == len(world.spans)
            else "Take a finer grid, rule any_overlap, or --keep-small-countries.",
        )


def _findings(plan: TilePlan, seconds: float) -> Iterator[Event]:
    """Yield what is known after that many seconds: how many tiles there are, and what is doubtful about them."""
    world, nouns = plan.world, plan.nouns
    yield events.EnumerationFinished(
        stage=TILES.number,
        countries=len(world.spans) - len(world.without_tiles),
        tiles=plan.row_count,
        runs=plan.run_count,
        units=len(plan.part_ranges),
        seconds=seconds,
    )
    finer = " Use a finer grid, rule any_overlap, or --keep-small-countries."
    small = [iso for iso in world.without_tiles if iso not in world.off_grid]
    kept = "given the tile of the representative point"
    for code, isos, text, hint in (
        ("countries-off-grid", sorted(world.off_grid), "outside the grid", ""),
        ("countries-without-tiles", small, f"without a tile under rule {world.rule.value}", finer),
        ("countries-kept-small", sorted(world.kept_small), kept, ""),
    ):
        if isos:
            who = number_of(len(isos), *nouns)
            yield events.Warned(code, f"{who} {text}: {', '.join(isos)}.{hint}")
    cut = warn_of_cut({one.country_iso: one.outside_share for one in plan.summaries}, nouns)
    towns = warn_of_towns(world, plan.countries) if plan.parameters.own_codes is None else None
    yield from (one for one in (cut, towns) if one is not None)
    if plan.shared_tiles:
        tiles = number_of(plan.shared_tiles, "tile", "tiles")
        message = f"{tiles} that two {nouns[1]} or more own."
        yield events.Warned("tiles-shared", message)
