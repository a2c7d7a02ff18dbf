"""The plan of the people: whose homes, in which countries, and the tasks that place and write them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from closedworld.config.run import RunConfig
from closedworld.datasets import CARDS, Partition
from closedworld.datasets.cards import CardSummary
from closedworld.datasets.parameters import PeopleParameters, PeopleTotals, TileParameters
from closedworld.execution.events import Observer
from closedworld.inputs.cards.loading import card_file, load_cards
from closedworld.inputs.cards.request import CardCounts, CardRequest
from closedworld.inputs.loading import Inputs
from closedworld.inputs.merchants.demo import demo_persons
from closedworld.inputs.reference.registry import bundled
from closedworld.inputs.reference.time_zones import time_zone_versions
from closedworld.inputs.regions.country_set import CountrySet
from closedworld.kernels.records import Records
from closedworld.kernels.spans import RowSpans
from closedworld.published.cumulative_weights import CumulativeWeights, read_cumulative_weights
from closedworld.published.tile_index import PublishedIndex
from closedworld.stages import PEOPLE, Stage
from closedworld.stages.checked_results import CheckedResult, partition_digests
from closedworld.stages.checking import CheckCounts, stage_validation
from closedworld.stages.country_source import TILES_IN_MEMORY, CountrySource
from closedworld.stages.memory import MEBIBYTE, StageMemory
from closedworld.stages.people.checks import CLAIMS
from closedworld.stages.people.outcome import PublishedPeople
from closedworld.stages.people.part_files import write_people
from closedworld.stages.people.requirements import CountryCards, digest_of_cards, require_cards
from closedworld.stages.people.task import PeopleTask
from closedworld.stages.protocol import Folded, RunContext, StagePlan
from closedworld.stages.runner import timed
from closedworld.stages.task_runner import TaskRunner
from closedworld.stages.weights.outcome import persons_of
from closedworld.store.reading import Published

FORMAT = 6
"""Raised when the same parameters would give other content or other files."""

TASK_CARDS = 1 << 17
"""Cards of a task, and so of a part file."""

SEED_TASKS = 16
"""The heaviest tasks, which place some homes with another seed: for small ones it would take as long as placing."""

CARD_BYTES = 1100
"""Of a card whose home is placed, described, encoded and checked, measured."""

DOMAIN_BYTES = 96 * MEBIBYTE
"""Polygons, blocks, towns, sites and a row group of weights of the largest country, measured for sites."""

HELD_BYTES_PER_TILE = 4


@dataclass(frozen=True, slots=True, eq=False)
class PeoplePlan(StagePlan[PeopleTask, CheckedResult, PublishedPeople]):
    """Whose homes to place, and by what.

    Attributes:
        by_country: Cards of each country.
        countries: Polygons of the world.
        weights: Tiles and weights of each country; empty in a forecast.
        sites: The published sites; None in a forecast.
        parameters: Everything that decides the content.
        observer: Told of what takes time.
        task_cards: Cards of a task.
    """

    stage: ClassVar[Stage] = PEOPLE
    task_result: ClassVar[type[CheckedResult]] = CheckedResult

    by_country: Mapping[str, CountryCards]
    countries: CountrySet
    weights: Mapping[str, CumulativeWeights]
    sites: Published | None
    parameters: PeopleParameters
    observer: Observer
    task_cards: int

    @property
    def partitions(self) -> tuple[Partition, ...]:
        """The countries of the cards."""
        return tuple(map(Partition.of_country, self.by_country))

    @property
    def row_count(self) -> int:
        """Cards of all countries."""
        return sum(map(len, self.by_country.values()))

    @property
    def task_count(self) -> int:
        """Tasks that write."""
        return sum(len(self._ranges(len(own))) for own in self.by_country.values())

    @property
    def memory(self) -> StageMemory:
        """What the stage takes beside what the run holds anyway."""
        largest = min(self.task_cards, max(map(len, self.by_country.values()), default=0))
        tiles = [len(own.spans) for iso, own in self.weights.items() if iso in self.by_country]
        held = min(max(tiles, default=TILES_IN_MEMORY), TILES_IN_MEMORY) * HELD_BYTES_PER_TILE
        return StageMemory(0, DOMAIN_BYTES + held + largest * CARD_BYTES)

    @property
    def write(self) -> Callable[[PeopleTask], CheckedResult]:
        """The function that does a task."""
        return write_people

    def tasks(self, runner: TaskRunner) -> Sequence[PeopleTask]:
        """Return the tasks that write, heaviest first."""
        if self.sites is None:
            raise TypeError("a forecast has no tasks")
        is_region = self.countries.own_codes is not None
        ranges = [
            (first - stop, iso, number, first, stop)
            for iso, own in self.by_country.items()
            for number, (first, stop) in enumerate(self._ranges(len(own)))
        ]
        return [
            PeopleTask(
                CountrySource(self.countries[iso], self.weights[iso], is_region),
                self.sites,
                self.by_country[iso].slice(first, stop),
                number,
                self.parameters.seed,
                position < SEED_TASKS,
                runner.staging.folder,
            )
            for position, (_, iso, number, first, stop) in enumerate(sorted(ranges))
        ]

    def _ranges(self, cards: int) -> list[tuple[int, int]]:
        """Return the cards of each task of a country: first, and after the last."""
        firsts = range(0, cards, self.task_cards)
        return [(first, min(first + self.task_cards, cards)) for first in firsts]

    def fold(
        self, runner: TaskRunner, written: Iterable[tuple[PeopleTask, CheckedResult, bool]]
    ) -> Folded:
        """Return what all results come to, once every check has passed.

        Raises:
            IntegrityError: ``people-invalid``: a check has failed.
        """
        folded, folder = Folded(), runner.staging.folder
        results: dict[tuple[str, int], CheckedResult] = {}
        for task, result, _ in written:
            results[task.partition.value, task.number] = result
            folded.files += result.files
        with timed(self.stage, "checks", self.observer):
            counts = CheckCounts()
            for _, result in sorted(results.items()):
                counts.merge(result.checks)
            for iso in self.by_country:
                own = [result for (code, _), result in sorted(results.items()) if code == iso]
                folded.digests[iso] = partition_digests(folder, (CARDS,), own)
        folded.files.append(
            stage_validation(folder, self.stage.name, counts, CLAIMS, "people-invalid")
        )
        folded.summaries = Records.of(self._summary(iso) for iso in self.by_country)
        folded.totals = PeopleTotals(
            countries=len(folded.summaries),
            cards=self.row_count,
            persons=sum(one.persons for one in folded.summaries),
            summaries=tuple(folded.summaries),
        )
        return folded

    def _summary(self, iso: str) -> CardSummary:
        own = self.by_country[iso]
        return CardSummary(iso, len(own), own.person_count)

    def outcome(self, published: Published, folded: Folded | None) -> PublishedPeople:
        """Return the published people."""
        totals = published.totals(PeopleTotals)
        return PublishedPeople(published, folded is None, Records(totals.summaries))


def plan_run(context: RunContext) -> PeoplePlan:
    """Return the plan of a run's people.

    Raises:
        ConfigError, InputError, IntegrityError: As ``plan_people``.
    """
    config, inputs = context.config, context.inputs
    if inputs.countries is None:
        raise TypeError("people are planned from countries")
    tiles, weights = context.upstream["tiles"], context.upstream["weights"]
    index = None
    if tiles.published is not None:
        parameters = tiles.published.parameters(TileParameters)
        spans = tiles.source.spans
        index = PublishedIndex(tiles.published, parameters.grid, parameters.rule, spans)
    return plan_people(
        tiles.source.spans,
        index,
        weights.published,
        context.upstream["sites"].published,
        inputs.countries.made_valid(),
        inputs.own[PEOPLE.name],
        seed=config.seed,
        observer=context.observer,
    )


def plan_people(
    spans: Mapping[str, RowSpans],
    index: PublishedIndex | None,
    weights: Published | None,
    sites: Published | None,
    countries: CountrySet,
    cards: CardRequest,
    *,
    seed: int,
    observer: Observer,
    task_cards: int = TASK_CARDS,
) -> PeoplePlan:
    """Return the plan of the holders of some cards; see ``build_people``.

    Args:
        spans: Tiles of each country that has any.
        index: The published tiles; None in a forecast.
        weights: The published weights; None in a forecast.
        sites: The published sites; None in a forecast.
        countries: The polygons that the tiles were built from.
        cards: Whose homes.
        seed: Determines where they lie.
        observer: Told of what planning finds.
        task_cards: Cards of a task.

    Raises:
        ConfigError: ``population-missing``, ``country-without-tiles``, ``cards-number``.
        InputError: ``cards-unplaceable``.
        IntegrityError: The published files are damaged.
    """
    if isinstance(cards, CardCounts):
        cards = cards.table(_persons(cards, spans, weights))
    by_country = require_cards(cards, spans, countries, observer)
    own_weights: Mapping[str, CumulativeWeights] = {}
    if index is not None and weights is not None:
        own_weights = read_cumulative_weights(weights, index)
    parameters = PeopleParameters(
        format=FORMAT,
        sites_parameter_hash="" if sites is None else sites.receipt.parameter_hash,
        seed=seed,
        countries=tuple(by_country),
        cards_sha256=digest_of_cards(by_country),
        places_sha256=bundled("places.parquet").sha256,
        time_zones=time_zone_versions(),
    )
    return PeoplePlan(by_country, countries, own_weights, sites, parameters, observer, task_cards)


def _persons(
    counts: CardCounts, spans: Mapping[str, RowSpans], weights: Published | None
) -> Mapping[str, float]:
    """Return the people of each country of the world, by which a number of cards is shared.

    Raises:
        ConfigError: ``population-missing``.
    """
    if counts.total and weights is not None:
        return persons_of(weights)
    persons = demo_persons()
    return {iso: persons.get(iso, 0) for iso in spans}


def wanted_inputs(config: RunConfig, *, has_raster: bool) -> frozenset[str]:
    """Return ``countries``: homes lie in their polygons."""
    del config, has_raster
    return frozenset({"countries"})


def own_files(config: RunConfig) -> tuple[Path, ...]:
    """Return the file of the cards; none for a number of them."""
    path = card_file(config)
    return () if path is None else (path,)


def load_own(config: RunConfig, inputs: Inputs, observer: Observer) -> CardRequest:
    """Return the cards that are asked for.

    Raises:
        ConfigError: ``demo-regions``, ``cards-number``.
        InputError: As ``load_cards``.
    """
    countries = inputs.countries
    return load_cards(config, observer, None if countries is None else countries.own_codes)
