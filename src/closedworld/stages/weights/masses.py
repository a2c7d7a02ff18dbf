"""The masses of S2: of each country, and of each task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from closedworld.execution.events import ScratchUsed
from closedworld.inputs.raster.pixels import PixelLayout
from closedworld.kernels.grid import RowAreas
from closedworld.kernels.spans import Border, RowSpans
from closedworld.kernels.tiles import PartRange, Tiles, areas_of
from closedworld.kernels.weights import Basis, RasterFindings, covered_total
from closedworld.published.tile_index import PublishedIndex
from closedworld.stages.task_runner import TaskRunner
from closedworld.stages.tiles.plan import TilePlan
from closedworld.stages.weights.bands import ScratchValues, plan_bands
from closedworld.stages.weights.part_files import Allocation, RangeMasses
from closedworld.stages.weights.population import PopulationMasses, read_population
from closedworld.store.durable import writing_to

TileSource: TypeAlias = "TilePlan | PublishedIndex"
"""Tiles to weigh: planned, or published and read back."""

_BLOCK_BYTES = 512
"""POSIX counts ``st_blocks`` in these, whatever the file system does."""


@dataclass(frozen=True, slots=True, eq=False)
class CountryMasses:
    """What the masses of a country's tiles come from, and what they share.

    Attributes:
        spans: All tiles of the country.
        areas: Area of a tile of each of their rows.
        scratch: Where the population is; None when no basis needs it.
        border: The tiles that are not all inside; None to leave coverage out.
        allocations: One for each basis.
        samples: Some of the masses of each allocation; None where they are not known yet.
    """

    spans: RowSpans
    areas: RowAreas
    scratch: ScratchValues | None
    border: Border | None
    allocations: tuple[Allocation, ...]
    samples: tuple[NDArray[np.int64] | None, ...]

    def of_range(self, part_range: PartRange) -> RangeMasses:
        """Return the masses of a task's tiles."""
        first, stop = part_range.first_rank, part_range.stop_rank
        tiles = Tiles.ranked(self.spans, first, stop)
        return RangeMasses(
            part_range,
            tiles,
            self.areas.around(tiles.rows),
            self.scratch,
            None if self.border is None else self.border.between(first, stop),
            self.allocations,
        )


def country_masses(
    runner: TaskRunner,
    index: TileSource,
    quotas: Mapping[Basis, int],
    layout: PixelLayout | None,
    borders: Mapping[str, Border] | None,
    batch_tiles: int,
) -> tuple[dict[str, CountryMasses], RasterFindings | None]:
    """Return what each country's masses come from and how much of them there is, and what is doubtful.

    Args:
        runner: Reads the raster, into the scratch folder of its staging.
        index: The tiles.
        quotas: Units that each basis hands out in a country.
        layout: The population raster; None when no basis needs it.
        borders: The tiles that are not all inside, by country code; None to leave coverage out.
        batch_tiles: Values of the raster looked at together.

    Raises:
        InputError, PublishError: As ``read_population``.
    """
    populations: Mapping[tuple[str, Basis], PopulationMasses] = {}
    scratch, found = None, None
    if layout is not None:
        path = runner.staging.scratch() / "population.bin"
        scratch = ScratchValues.planned(path, layout, index.spans)
        with writing_to(path):
            path.touch()
        bases = [basis for basis in quotas if basis.needs_population]
        bands = plan_bands(layout, index.spans, bases, borders, scratch, batch_tiles)
        populations, found = read_population(runner, layout, bands)
        # Blocks, not length: what no tile has was never written.
        size = path.stat().st_blocks * _BLOCK_BYTES
        runner.observer.on_event(ScratchUsed(runner.stage.number, size))
    countries = {}
    areas_of_all = areas_of(index.spans.values(), index.grid)
    for iso, own in index.spans.items():
        border = None if borders is None else borders[iso]
        everything = Tiles.all_of(own)
        areas = areas_of_all.around(own.rows)
        by_area = {
            basis: covered_total(basis, everything, areas, border)
            for basis in (Basis.UNIFORM, Basis.AREA_M2)
        }
        allocations, samples = [], []
        for basis, units in quotas.items():
            population = populations.get((iso, basis))
            mass = by_area[basis] if population is None else population.total
            # Without mass the tiles count as uniform.
            counts_as, total = (basis, mass) if mass else (Basis.UNIFORM, by_area[Basis.UNIFORM])
            allocations.append(Allocation(basis, units, mass, counts_as, total))
            samples.append(population.sample if population is not None and mass else None)
        needs_values = any(allocation.counts_as.needs_population for allocation in allocations)
        countries[iso] = CountryMasses(
            own,
            areas,
            scratch if needs_values else None,
            border,
            tuple(allocations),
            tuple(samples),
        )
    return countries, found
