"""S2: give every tile of a published index an exact weight and publish them."""

from __future__ import annotations

import operator
import time
from collections import Counter
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from closedworld.config import DEFAULT_DP
from closedworld.datasets import SPAN_WEIGHTS, TILE_WEIGHTS
from closedworld.datasets.part_encoder import PartEncoder
from closedworld.errors import ConfigError
from closedworld.execution import DEFAULT_NAME, events, open_worker_pool
from closedworld.execution.events import NullObserver
from closedworld.kernels.sizes import DEFAULT_SIZES, Sizes
from closedworld.kernels.tiles import Unit, plan_units
from closedworld.kernels.weights import (
    BasisSummary,
    CutoffSearch,
    Mixture,
    WeightSummary,
    span_weights_batch,
    weight_values,
)
from closedworld.published.tile_index import read_index
from closedworld.stages.publishing import (
    emit_published,
    emit_reused,
    find_result,
    identity_of,
    sealed,
    staged_published,
)
from closedworld.stages.stage import WEIGHTS
from closedworld.stages.task_runner import TaskRunner, stage_part
from closedworld.stages.tiles.build import TileIndex
from closedworld.stages.weights.part_files import (
    HistogramTask,
    UnitMasses,
    WriteResult,
    WriteTask,
    count_remainders,
    write_weights,
)
from closedworld.stages.weights.plan import CountryMasses, country_masses, places_of
from closedworld.stages.weights.population import require_same_grid
from closedworld.stages.weights.summaries import sealed_summaries, totals_of, warn_of
from closedworld.store.staging import Staging

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from concurrent.futures import Executor

    from numpy.typing import NDArray

    from closedworld.execution import WorkerPool
    from closedworld.execution.events import Observer
    from closedworld.inputs.loading import PopulationRaster
    from closedworld.published.tile_index import PublishedIndex
    from closedworld.store.reading import Published
    from closedworld.store.receipt import FileEntry

FORMAT = 3
"""Raised when the same parameters would give other content or other files."""

WEIGHING = "weighing"
"""What the work is called that counts remainders."""


@dataclass(frozen=True, slots=True, eq=False)
class TileWeights:
    """Published tile weights.

    Attributes:
        published: Their folder and receipt.
        reused: Whether they were there before.
        summaries: The account of each country, ascending by code.
    """

    published: Published
    reused: bool
    summaries: tuple[WeightSummary, ...]


def build_tile_weights(
    index: PublishedIndex | TileIndex,
    out: Path | str,
    *,
    basis: Mixture | str = "area_m2",
    dp: int = DEFAULT_DP,
    population: PopulationRaster | None = None,
    weigh_by_coverage: bool = False,
    workers: int | None = None,
    executor: Executor | WorkerPool | str = DEFAULT_NAME,
    unit_tiles: int = DEFAULT_SIZES.part_tiles,
    sizes: Sizes = DEFAULT_SIZES,
    observer: Observer | None = None,
) -> TileWeights:
    """Weigh the tiles of every country and publish ``tile_weights`` and ``span_weights``.

    The weights of a country are whole numbers that add up to exactly ``10**dp``. The files are the
    same for every number of workers, executor and unit size. A result that is already published under
    the same parameters is verified and reused.

    Args:
        index: The tiles, as ``build_tile_index`` or ``open_index`` return them.
        out: Output folder.
        basis: ``uniform``, ``area_m2``, ``population``, ``populated``, or a mixture such as
            ``population:0.9,area_m2:0.1``.
        dp: Decimal places, 0..18.
        population: The raster, when a basis needs one; on the grid of the index.
        weigh_by_coverage: Multiply masses by the share of the tile that lies in its country.
        workers: Units of work done at once; None for one per core.
        executor: ``serial``, ``threads``, ``processes``, ``dask``, or an executor of your own.
        unit_tiles: Tiles of a unit at most, rounded up to whole part files.
        sizes: Where files and row groups end, and how many tiles are weighted at once.
        observer: Told what happens.

    Raises:
        ConfigError: ``basis-...``, ``dp-range``, ``coverage-missing``, ``workers``, ``unit-size``,
            ``executor-unknown``.
        GridError: ``grids-differ``.
        InputError: ``input-unreadable``, ``raster-value-too-large``.
        PublishError: ``output-not-writable``, ``published-differs``.
        IntegrityError: The index, or the published result under the same hash, is damaged.
        UnitError: ``unit-failed``, ``worker-died``.
    """
    observer = observer or NullObserver()
    began = time.perf_counter()
    mixture = Mixture.parse(basis) if isinstance(basis, str) else basis
    dp = operator.index(dp)
    quotas = mixture.units(dp)
    if isinstance(index, TileIndex):
        index = read_index(index.published, WEIGHTS, observer)
    raster = _raster_for(mixture, population, index)
    borders = index.coverage() if weigh_by_coverage else None
    parameters = _parameters(index, mixture, dp, raster, weigh_by_coverage=weigh_by_coverage)
    published = find_result(Path(out), WEIGHTS, parameters)
    if published is not None:
        emit_reused(WEIGHTS, published, time.perf_counter() - began, observer)
        return TileWeights(published, reused=True, summaries=sealed_summaries(published))
    units = plan_units({iso: own.tile_count for iso, own in index.spans.items()}, unit_tiles, sizes)
    with (
        open_worker_pool(executor, workers) as pool,
        Staging(Path(out), WEIGHTS.name, identity_of(parameters)) as staging,
    ):
        runner = TaskRunner(pool, WEIGHTS, observer)
        countries = country_masses(runner, index, quotas, raster, borders, staging, sizes)
        masses = {unit: countries[unit.country_iso].of_unit(unit) for unit in units}
        places = places_of(units)
        searches = _find_cuts(runner, countries, masses, places, sizes)
        _tell_weighed(countries, searches, observer)
        tasks = [
            WriteTask(
                masses[unit],
                mixture,
                dp,
                tuple((s.cut, s.ties_before(place)) for s in searches[unit.country_iso]),
                staging.folder,
            )
            for unit, place in places.items()
        ]
        files, summaries, values = _write(runner, tasks, countries, searches, staging)
        warn_of(summaries, observer)
        receipt = sealed(WEIGHTS, parameters, totals_of(summaries), files, values)
        published = staged_published(staging, receipt, WEIGHTS, observer)
    emit_published(published, time.perf_counter() - began, observer)
    return TileWeights(published, reused=False, summaries=summaries)


def _parameters(
    index: PublishedIndex,
    mixture: Mixture,
    dp: int,
    raster: PopulationRaster | None,
    *,
    weigh_by_coverage: bool,
) -> dict[str, Any]:
    """Return everything that decides the content."""
    return {
        "format": FORMAT,
        "stage": WEIGHTS.name,
        "tiles_parameter_hash": index.published.receipt.parameter_hash,
        "basis": str(mixture),
        "dp": dp,
        "weigh_by_coverage": weigh_by_coverage,
        "raster_sha256": None if raster is None else raster.sha256,
    }


def _raster_for(
    mixture: Mixture, population: PopulationRaster | None, index: PublishedIndex
) -> PopulationRaster | None:
    """Return the raster when a basis needs it."""
    if not mixture.needs_population:
        return None
    if population is None:
        raise ConfigError(
            "basis-needs-raster",
            f"basis {mixture} needs a population raster.",
            "Give one with --raster, or take --basis area_m2 or uniform.",
        )
    require_same_grid(population.layout, index.grid)
    return population


def _find_cuts(
    runner: TaskRunner,
    countries: Mapping[str, CountryMasses],
    masses: Mapping[Unit, UnitMasses],
    places: Mapping[Unit, int],
    sizes: Sizes,
) -> dict[str, list[CutoffSearch]]:
    """Return, for each country and handout, who gets the units that whole parts leave."""
    searches = {
        iso: [CutoffSearch(h.units, h.total, own.spans.tile_count, sizes) for h in own.allocations]
        for iso, own in countries.items()
    }
    while any(search.probe for own in searches.values() for search in own):
        tasks = [
            HistogramTask(own, probes)
            for unit, own in masses.items()
            if any(probes := tuple(search.probe for search in searches[unit.country_iso]))
        ]
        with closing(runner.do(count_remainders, tasks, WEIGHING)) as done:
            for task, result in done:
                place = places[task.masses.unit]
                for number, answer in result.histograms.items():
                    searches[task.country_iso][number].take(place, answer)
        for own in searches.values():
            for search in own:
                if search.probe is not None:
                    search.settle()
    return searches


def _write(
    runner: TaskRunner,
    tasks: Sequence[WriteTask],
    countries: Mapping[str, CountryMasses],
    searches: Mapping[str, Sequence[CutoffSearch]],
    staging: Staging,
) -> tuple[list[FileEntry], tuple[WeightSummary, ...], dict[str, dict[str, bytes]]]:
    """Write all weights; return the files, and of each country its account and its digests."""
    files: list[FileEntry] = []
    summaries, values = {}, {}
    blocks: dict[str, dict[int, bytes]] = {}
    run_weights: dict[str, NDArray[np.uint64]] = {}
    zero: Counter[str] = Counter()
    zero_despite_mass: Counter[str] = Counter()
    written = runner.write(write_weights, tasks, WriteResult, staging)
    with closing(written):
        for task, result, is_last in written:
            iso, unit = task.country_iso, task.masses.unit
            spans = countries[iso].spans
            files += result.files
            sums = run_weights.setdefault(iso, np.zeros(spans.n_runs, np.uint64))
            first = int(np.searchsorted(spans.first_ranks, unit.first_rank, side="right")) - 1
            sums[first : first + len(result.run_weights)] += result.run_weights
            zero[iso] += result.zero_tiles
            zero_despite_mass[iso] += result.zero_tiles_with_mass
            blocks.setdefault(iso, {}).update(result.blocks)
            if is_last:
                sums, own = run_weights.pop(iso), sorted(blocks.pop(iso).items())
                digests = [digest for _, digest in own]
                batch = span_weights_batch(iso, spans, sums)
                values[iso] = {
                    TILE_WEIGHTS.name: weight_values(spans, task.mixture, task.dp, digests),
                    SPAN_WEIGHTS.name: SPAN_WEIGHTS.digest_of(batch),
                }
                encoder = PartEncoder(SPAN_WEIGHTS)
                encoder.write([batch])
                files.append(stage_part(staging.folder, SPAN_WEIGHTS.name, iso, 0, encoder))
                bases = _basis_summaries(countries[iso], searches[iso])
                summaries[iso] = WeightSummary(
                    iso, spans.tile_count, zero[iso], zero_despite_mass[iso], bases
                )
    return files, tuple(summaries[iso] for iso in sorted(summaries)), values


def _basis_summaries(
    country: CountryMasses, searches: Sequence[CutoffSearch]
) -> tuple[BasisSummary, ...]:
    """Return how each basis handed out its units."""
    return tuple(
        BasisSummary(
            basis=allocation.basis.value,
            units=allocation.units,
            mass_sum=allocation.mass_sum,
            floor_sum=search.floors,
            remainder_units=allocation.units - search.floors,
            fallback=allocation.counts_as is not allocation.basis,
        )
        for allocation, search in zip(country.allocations, searches, strict=True)
    )


def _tell_weighed(
    countries: Mapping[str, CountryMasses],
    searches: Mapping[str, Sequence[CutoffSearch]],
    observer: Observer,
) -> None:
    """Tell what the masses of each country are and how they were handed out."""
    for done, (iso, country) in enumerate(countries.items(), 1):
        bases = _basis_summaries(country, searches[iso])
        observer.on_event(
            events.CountryWeighed(
                stage=WEIGHTS.number,
                country_iso=iso,
                tiles=country.spans.tile_count,
                bases=tuple(asdict(basis) for basis in bases),
                done=done,
                total=len(countries),
            )
        )
