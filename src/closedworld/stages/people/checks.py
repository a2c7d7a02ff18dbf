"""What the stage checks of its own result."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from closedworld.inputs.reference.places import CountryPlaces
from closedworld.inputs.tables.columns import first_like
from closedworld.kernels.placing import GAMMA_ONE, PlacingDomain, have_circles
from closedworld.stages.checking import (
    CheckCounts,
    count_blocks,
    count_circles,
    count_keys,
    count_places,
)
from closedworld.stages.people.homes import Homes, PeopleTask, SitePoints

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
    count_keys(counts, written, {name: cards.rows[name] for name in ("card_id", "person_id")})
    count_places(counts, domain, task.source.country, places, written, ("home_lon", "home_lat"))
    lons, lats = (written[name].to_numpy() for name in ("home_lon", "home_lat"))
    count_circles(counts, cards.circles, lons, lats)
    _check_work(counts, sites, written)
    if task.rows.tries_seed:
        some = cards.slice(0, min(len(cards), _SEED_SAMPLE))
        other = Homes.of(some, sites, domain, ~task.seed)
        same_point = other.lons == homes.lons[: len(some)]
        counts.add("seeds", len(some), np.count_nonzero(same_point))
    free = ~have_circles(cards.circles)
    # Cards of one holder share a home, so only holders with one card are independent draws.
    first = first_like(cards.rows.select(["person_id"]))
    alone = np.bincount(first, minlength=len(cards))[first] == 1
    count_blocks(counts, domain, GAMMA_ONE, homes.tile_ids[free & alone])
    return counts


def _check_work(counts: CheckCounts, sites: SitePoints, written: pa.Table) -> None:
    known = set(zip(sites.lons.tolist(), sites.lats.tolist(), strict=True))
    works = zip(written["work_lon"].to_pylist(), written["work_lat"].to_pylist(), strict=True)
    wanted = known or {(None, None)}
    counts.add("work", written.num_rows, sum(one not in wanted for one in works))
