"""Tasks of the people: placing homes, describing and checking them, and writing them."""

from __future__ import annotations

from closedworld.datasets import CARDS
from closedworld.datasets.part_encoder import PartEncoder
from closedworld.stages.checked_results import CheckedResult
from closedworld.stages.people.checks import check_people
from closedworld.stages.people.country_sites import SitePoints
from closedworld.stages.people.homes import Homes, rows_of
from closedworld.stages.people.task import PeopleTask
from closedworld.stages.task_runner import PhaseClock, stage_part
from closedworld.store.part_files import open_part


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
    batches = rows_of(task.cards, homes, sites, places).to_batches()
    clock.ends("describe")
    encoder = PartEncoder(CARDS)
    encoder.write(batches)
    result.digests[CARDS.name] = CARDS.digest_of(batches).hex()
    entry = stage_part(task.folder, CARDS, task.partition, task.number, encoder)
    result.files.append(entry)
    clock.ends("encode")
    written = open_part(task.folder, entry).read(use_threads=False)
    result.checks = check_people(task, domain, places, sites, homes, written)
    clock.ends("check")
    return result
