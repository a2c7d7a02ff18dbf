"""The plan of the people: whose homes, in which countries, and the tasks that place and write them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from closedworld.config.run import RunConfig
from closedworld.datasets.cards import CARDS_ASKED, CardSummary
from closedworld.datasets.parameters import PeopleParameters, PeopleTotals
from closedworld.execution.events import Observer
from closedworld.inputs.asked_tables import card_file, load_cards
from closedworld.inputs.cards import CardCounts, CardRequest, CardTable
from closedworld.inputs.loading import Inputs
from closedworld.inputs.merchants.demo import demo_persons
from closedworld.inputs.reference.registry import bundled
from closedworld.inputs.reference.time_zones import time_zone_versions
from closedworld.kernels.records import Records
from closedworld.stages import PEOPLE, Stage
from closedworld.stages.asked_areas import digest_of_rows, settled_without_tiles
from closedworld.stages.checked_results import CheckedResult
from closedworld.stages.country_source import CountrySource, RowRange
from closedworld.stages.people.checks import CLAIMS
from closedworld.stages.people.homes import PeopleTask
from closedworld.stages.people.outcome import PublishedPeople
from closedworld.stages.people.part_files import write_people
from closedworld.stages.people.requirements import CountryCards, require_cards
from closedworld.stages.placing_inputs import PlacingInputs
from closedworld.stages.placing_plan import PlacingPlan
from closedworld.stages.protocol import Folded, RunContext, hash_of
from closedworld.stages.weights.outcome import persons_of
from closedworld.store.protocol import Storage
from closedworld.store.reading import Published

FORMAT = 7
"""Raised when the same parameters would give other content or other files."""

TASK_CARDS = 1 << 17
"""Cards of a task, and so of a part file."""


@dataclass(frozen=True, slots=True, eq=False)
class PeoplePlan(PlacingPlan[PeopleTask, PublishedPeople]):
    """Whose homes to place, and by what.

    Attributes:
        by_country: Cards of each country.
        table: All of them, and the rows that were left out.
        sites: The published sites; None in a forecast.
        parameters: Everything that decides the content.
    """

    stage: ClassVar[Stage] = PEOPLE
    row_bytes: ClassVar[int] = 1100
    claims: ClassVar[Mapping[str, str]] = CLAIMS
    invalid_code: ClassVar[str] = "people-invalid"

    by_country: Mapping[str, CountryCards]
    table: CardTable
    sites: Published | None
    parameters: PeopleParameters

    @property
    def rows_by_country(self) -> Mapping[str, int]:
        """Cards of each country."""
        return {iso: len(own) for iso, own in self.by_country.items()}

    @property
    def write(self) -> Callable[[PeopleTask], CheckedResult]:
        """The function that does a task."""
        return write_people

    def task(self, rows: RowRange, source: CountrySource, folder: Storage) -> PeopleTask:
        """Return the task that places the homes of some cards of a country."""
        if self.sites is None:
            raise TypeError("a forecast has no tasks")
        cards = self.by_country[rows.country_iso].slice(rows.first, rows.stop)
        return PeopleTask(rows, source, self.parameters.seed, folder, self.sites, cards)

    def summaries(self) -> Iterable[CardSummary]:
        """Return what is reported of each country."""
        for iso, own in self.by_country.items():
            yield CardSummary(iso, len(own), own.person_count)

    def totals(self, summaries: Sequence[CardSummary]) -> PeopleTotals:
        """Return the totals of the receipt."""
        return PeopleTotals(
            countries=len(summaries),
            cards=self.row_count,
            persons=sum(one.persons for one in summaries),
            summaries=tuple(summaries),
        )

    def outcome(self, published: Published, folded: Folded | None) -> PublishedPeople:
        """Return the published people."""
        totals = published.totals(PeopleTotals)
        return PublishedPeople(
            published, folded is None, Records(totals.summaries), self.table.skipped
        )


def plan_run(context: RunContext) -> PeoplePlan:
    """Return the plan of a run's people.

    Raises:
        ConfigError, InputError, IntegrityError: As ``plan_people``.
    """
    sites = context.upstream["sites"].published
    return plan_people(PlacingInputs.of_run(context), sites, context.inputs.own[PEOPLE.name])


def plan_people(
    inputs: PlacingInputs,
    sites: Published | None,
    cards: CardRequest,
    task_cards: int = TASK_CARDS,
) -> PeoplePlan:
    """Return the plan of the holders of some cards; see ``build_people``.

    Args:
        inputs: What homes are placed by.
        sites: The published sites; None in a forecast.
        cards: Whose homes.
        task_cards: Cards of a task.

    Raises:
        ConfigError: ``population-missing``, ``country-without-tiles``, ``cards-number``.
        InputError: ``cards-unplaceable``.
        IntegrityError: The published files are damaged.
    """
    if isinstance(cards, CardCounts):
        cards = cards.table(_persons(cards, inputs))
    by_country, table = require_cards(cards, inputs)
    weights = inputs.cumulative_weights("homes")
    parameters = PeopleParameters(
        format=FORMAT,
        sites_parameter_hash=hash_of(sites),
        seed=inputs.seed,
        countries=tuple(by_country),
        cards_sha256=digest_of_rows(
            CARDS_ASKED, {iso: own.rows for iso, own in by_country.items()}
        ),
        places_sha256=bundled("places.parquet").sha256,
        time_zones=time_zone_versions(),
    )
    return PeoplePlan(inputs.countries, weights, task_cards, by_country, table, sites, parameters)


def _persons(counts: CardCounts, inputs: PlacingInputs) -> Mapping[str, float]:
    """Return the people of each country of the world, by which a number of cards is shared.

    Raises:
        ConfigError: ``population-missing``.
    """
    if counts.total and inputs.weights is not None:
        return persons_of(inputs.weights)
    persons = demo_persons()
    return {iso: persons.get(iso, 0) for iso in inputs.spans}


def wanted_inputs(config: RunConfig, *, has_raster: bool) -> frozenset[str]:
    """Return ``countries``: homes lie in their polygons."""
    del config, has_raster
    return frozenset({"countries"})


def own_files(config: RunConfig) -> tuple[Path, ...]:
    """Return the file of the cards; none for a number of them."""
    path = card_file(config)
    return () if path is None else (path,)


def load_own(config: RunConfig, inputs: Inputs, observer: Observer) -> CardRequest:
    """Return the cards that are asked for; what needs no tiles is settled before a run builds them.

    Raises:
        ConfigError: ``demo-regions``, ``cards-number``.
        InputError: As ``load_cards``, and ``cards-unplaceable``.
    """
    cards = load_cards(config, observer, inputs.own_codes)
    return cards if isinstance(cards, CardCounts) else settled_without_tiles(cards, config, inputs)
