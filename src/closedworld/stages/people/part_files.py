"""Tasks of the people: placing homes, describing and checking them, and writing them."""

from __future__ import annotations

from closedworld.datasets import CARDS
from closedworld.stages.checked_results import CheckedResult
from closedworld.stages.people.checks import check_people
from closedworld.stages.people.homes import Homes, PeopleTask, SitePoints, rows_of
from closedworld.stages.task_runner import PhaseClock
from closedworld.store.reading import open_part


def write_people(task: PeopleTask) -> CheckedResult:
    """Place the homes of a task and write them.

    Raises:
        PublishError: ``output-not-writable``.
        IntegrityError: Weights or sites are damaged.
    """
    result = CheckedResult()
    clock = PhaseClock(result)
    places = task.source.places()
    domain = task.source.domain(places, task.seed)
    sites = SitePoints.of(task.sites, task.cards.country_iso)
    clock.ends("domain")
    homes = Homes.of(task.cards, sites, domain, task.seed)
    clock.ends("place")
    table = rows_of(task.cards, homes, sites, places)
    clock.ends("describe")
    entry = result.write(task.folder, CARDS, task.partition, task.rows.number, table)
    clock.ends("encode")
    written = open_part(task.folder, entry).read(use_threads=False)
    result.checks = check_people(task, domain, places, sites, homes, written)
    clock.ends("check")
    return result
