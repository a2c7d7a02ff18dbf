"""What the stage checks of its own result."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from closedworld.inputs.reference.places import CountryPlaces
from closedworld.inputs.tables.columns import first_like
from closedworld.kernels.placing import GAMMA_ONE, PlacingDomain
from closedworld.kernels.sphere import arc_km, chord_km, to_xyz
from closedworld.stages.checking import CheckCounts, count_blocks, count_places
from closedworld.stages.people.country_sites import SitePoints
from closedworld.stages.people.homes import Homes

if TYPE_CHECKING:
    from closedworld.stages.people.task import PeopleTask

CLAIMS = {
    "rows": "every card that was asked for has one row, and no other row is there",
    "keys": "cards come in the order of their ids, each with its holder",
    "tiles": "every home lies on its tile",
    "polygons": "every home lies in its country, by GEOS",
    "areas": "every home lies in the town that its card was given",
    "time_zones": "every home has a time zone of its country",
    "work": "every place of work is a site of the country",
    "seeds": "another seed moves at least 99 of 100 homes",
    "blocks": "blocks have as many homes as their mass says (chi-square, six deviations)",
}
"""What each check claims."""

_SEED_SAMPLE = 500
_SLACK = 1e-6


def check_people(
    task: PeopleTask,
    domain: PlacingDomain,
    places: CountryPlaces,
    sites: SitePoints,
    homes: Homes,
    written: pa.Table,
) -> CheckCounts:
    """Return what was counted of the rows that a task has written."""
    counts, cards = CheckCounts(), task.cards
    counts.add("rows", len(cards), abs(written.num_rows - len(cards)))
    same = pc.and_(
        *(
            pc.equal(written[name].combine_chunks(), cards.rows[name].combine_chunks())
            for name in ("card_id", "person_id")
        )
    )
    counts.add("keys", len(cards), len(cards) - (pc.sum(same).as_py() or 0))
    count_places(counts, domain, task.source.country, places, written, ("home_lon", "home_lat"))
    _check_areas(counts, task, written)
    _check_work(counts, sites, written)
    if task.tries_seed:
        some = task.cards.slice(0, min(len(cards), _SEED_SAMPLE))
        other = Homes.of(some, sites, domain, task.seed + 1)
        same_point = other.lons == homes.lons[: len(some)]
        counts.add("seeds", len(some), np.count_nonzero(same_point))
    free = np.isnan(cards.circles[:, 0])
    # Cards of one holder share a home, so only holders with one card are independent draws.
    first = first_like(cards.rows.select(["person_id"]))
    alone = np.bincount(first, minlength=len(cards))[first] == 1
    chosen = homes.tile_ids[free & alone]
    if len(chosen):
        count_blocks(counts, domain, GAMMA_ONE, chosen)
    return counts


def _check_areas(counts: CheckCounts, task: PeopleTask, written: pa.Table) -> None:
    bound = np.flatnonzero(~np.isnan(task.cards.circles[:, 0]))
    lon, lat, radius_km = task.cards.circles[bound].T
    home = to_xyz(written["home_lon"].to_numpy()[bound], written["home_lat"].to_numpy()[bound])
    away = arc_km(chord_km(to_xyz(lon, lat), home))
    counts.add("areas", len(bound), np.count_nonzero(away > radius_km * (1 + _SLACK)))


def _check_work(counts: CheckCounts, sites: SitePoints, written: pa.Table) -> None:
    known = set(zip(sites.lons.tolist(), sites.lats.tolist(), strict=True))
    works = zip(written["work_lon"].to_pylist(), written["work_lat"].to_pylist(), strict=True)
    wanted = known or {(None, None)}
    counts.add("work", written.num_rows, sum(one not in wanted for one in works))
