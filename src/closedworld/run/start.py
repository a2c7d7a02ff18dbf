"""What a run starts from: the inputs, or a published result; and which stages it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from closedworld.config.run import RunConfig
from closedworld.datasets.parameters import TileParameters
from closedworld.errors import ConfigError
from closedworld.execution.events import Observer
from closedworld.inputs.loading import files_of, has_population, load_inputs
from closedworld.inputs.lock import InputLock
from closedworld.kernels.grid import Grid
from closedworld.published.lineage import open_lineage
from closedworld.published.polygons import polygons_of
from closedworld.published.results import choose_published
from closedworld.stages import STAGES, Stage
from closedworld.stages.protocol import RunContext, Upstream
from closedworld.store.reading import Published


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """What a run does, and from what; wrong options were refused, nothing was read but receipts.

    Attributes:
        config: What was asked for.
        stages: The stages to run, in order.
        published: Results that it builds on, by stage, in order; empty for a run from the inputs.
    """

    config: RunConfig
    stages: tuple[Stage, ...]
    published: Mapping[str, Published]

    @classmethod
    def of(cls, config: RunConfig, until: str | None) -> Start:
        """Return the start of a run.

        Args:
            config: What was asked for.
            until: Name of the last stage; None for the last that is asked for.

        Raises:
            ConfigError: ``stage-unknown``, ``option-unknown``, or options that cannot be meant.
            IntegrityError: As ``open_published``.
        """
        config.require_stages([stage.number for stage in STAGES])
        stages = _stages_of(config, until)
        if config.resolution is not None:
            Grid.from_resolution(config.resolution)
        wanted_inputs(stages, config, has_raster=True)
        published: Mapping[str, Published] = {}
        if config.result is not None:
            published = open_lineage(config.result, stages[0].needs)
        return cls(config, stages, published)

    def load(self, observer: Observer) -> RunContext:
        """Return what the first stage is planned from, read and checked.

        Raises:
            ClosedWorldError: As the readers.
        """
        config, grid, by_name = self.config, None, {stage.name: stage for stage in STAGES}
        upstream = {
            name: Upstream(by_name[name].reopen(one, self.stages[0], observer), one)
            for name, one in self.published.items()
        }
        tiles = next(iter(self.published.values()), None)
        if tiles is not None:
            parameters = tiles.parameters(TileParameters)
            grid = parameters.grid
            config = replace(config, regions=parameters.regions)
        with_raster, without = (
            wanted_inputs(self.stages, config, has_raster=one) for one in (True, False)
        )
        # To open the bundled raster takes longer than to plan most stages.
        has_raster = with_raster != without and has_population(config, grid)
        wanted = set(with_raster if has_raster else without)
        if tiles is None:
            wanted.add("countries")
        if config.lock is not None:
            files = files_of(config, wanted if grid is not None else {*wanted, "grid"})
            own = [file for stage in self.stages for file in stage.own_files(config)]
            InputLock.read(config.lock).require([*files, *own])
        inputs = load_inputs(config, observer, wanted, grid, has_raster=has_raster)
        if tiles is not None and inputs.countries is not None:
            inputs = replace(inputs, countries=polygons_of(tiles, inputs.countries))
        own_inputs = {one.name: one.load_own(config, inputs, observer) for one in self.stages}
        return RunContext(config, replace(inputs, own=own_inputs), upstream, observer)


def wanted_inputs(
    stages: Sequence[Stage], config: RunConfig, *, has_raster: bool
) -> frozenset[str]:
    """Return what stages want besides countries and grid; raises as their ``wanted_inputs``."""
    return frozenset[str]().union(
        *(stage.wanted_inputs(config, has_raster=has_raster) for stage in stages)
    )


def _stages_of(config: RunConfig, until: str | None) -> tuple[Stage, ...]:
    """Return the stages of a run up to one: all that are asked for or needed, or those that a result lacks.

    Raises:
        ConfigError: ``stage-unknown``, or as ``choose_published``.
        IntegrityError: As ``choose_published``.
    """
    choices = [stage for stage in STAGES if stage.needs or config.result is None]
    names = [stage.name for stage in choices]
    if until is None:
        until = [stage.name for stage in choices if stage.is_asked(config)][-1]
    if until not in names:
        raise ConfigError(
            "stage-unknown",
            f"there is no stage {until!r}{' to build on a result' * (config.result is not None)}.",
            f"Choose one of {', '.join(names)}.",
        )
    last = choices[names.index(until)]
    chain = [stage for stage in choices if stage.name in last.needs]
    if config.result is not None:
        return (*_lacking(config, config.result, chain), last)
    asked = [stage for stage in choices[: names.index(until)] if stage.is_asked(config)]
    return (*(stage for stage in choices if stage in [*chain, *asked]), last)


def _lacking(config: RunConfig, result: Path, chain: Sequence[Stage]) -> list[Stage]:
    """Return the stages to build first: from the first that is asked for by an option of its own, or is not there.

    A stage without such an option, such as the weights, must be there.

    Args:
        config: What was asked for.
        result: The published result.
        chain: Stages that the last one needs, in order.
    """
    optional = [stage for stage in chain if stage.asked_by]
    if not optional:
        return []
    there = {one.receipt.stage for one in choose_published(result)}
    for position, stage in enumerate(optional):
        if stage.is_asked(config) or stage.name not in there:
            return optional[position:]
    return []
