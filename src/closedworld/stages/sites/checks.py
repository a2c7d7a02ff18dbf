"""What the stage checks of its own result before it publishes it; a failed check publishes nothing."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from closedworld.inputs.reference.places import CountryPlaces
from closedworld.kernels.placing import PlacingDomain, have_circles
from closedworld.stages.checking import (
    CheckCounts,
    count_blocks,
    count_circles,
    count_keys,
    count_places,
    count_zones,
)
from closedworld.stages.sites.placed import PlacedSites, SiteTask

CLAIMS = {
    "rows": "every outlet of the table has one row, and no other row is there",
    "keys": "outlets of a merchant in a country are numbered from 1 without gaps, or as the table numbers them",
    "site_ids": "no two sites have the same id",
    "tiles": "every site lies on its tile",
    "polygons": "every site lies in its country, by GEOS",
    "areas": "every site lies in the circle or on the tile that its merchant was given",
    "time_zones": "every site has a time zone of its country",
    "latitudes": "no latitude has more than a hundredth of a country's sites",
    "merchants": "merchants do not share their points",
    "seeds": "another seed moves at least 99 of 100 sites",
    "blocks": "blocks have as many sites as their mass says (chi-square, six deviations)",
}
"""What each check claims."""

CHECKED_COLUMNS = ("merchant_id", "site_order", "lon", "lat", "tile_id", "tzid")
"""What the checks of a task read; ids are read once all tasks have written."""

_SEED_SAMPLE = 500
_LEAST_FOR_LATITUDES = 1000
_LATITUDE_SHARE = 100


def check_sites(
    task: SiteTask,
    domain: PlacingDomain,
    placed: PlacedSites,
    places: CountryPlaces,
    written: pa.Table,
) -> CheckCounts:
    """Return what was counted of the rows that a task has written, given their ``CHECKED_COLUMNS``."""
    counts = CheckCounts()
    wanted = {
        "merchant_id": task.merchants.rows["merchant_id"].take(pa.array(placed.rows)),
        "site_order": pa.chunked_array([placed.orders.astype(np.int32)]),
    }
    count_keys(counts, written, wanted)
    here = written.filter(written["lon"].is_valid())
    count_places(counts, domain, task.source.country, places, here, ("lon", "lat"))
    off_map = written.filter(written["lon"].is_null())
    count_zones(counts, places, off_map["tzid"].drop_null())
    lons, lats = here["lon"].to_numpy(), here["lat"].to_numpy()
    tile_ids = here["tile_id"].to_numpy()
    rows = placed.rows[placed.on_map]
    asked = task.merchants.numbers("tile_id")[rows]
    on_tiles = np.flatnonzero(asked != -1)
    counts.add("areas", len(on_tiles), np.count_nonzero(asked[on_tiles] != tile_ids[on_tiles]))
    count_circles(counts, task.merchants.circles[rows], lons, lats)
    _check_collapse(counts, here)
    if task.rows.tries_seed:
        some = placed.on_map[:_SEED_SAMPLE]
        other = PlacedSites.of(
            task.merchants, placed.rows[some], placed.orders[some], domain, ~task.seed
        )
        same = (other.lons == placed.lons[: len(some)]) & (other.lats == placed.lats[: len(some)])
        counts.add("seeds", len(some), np.count_nonzero(same))
    _check_blocks(counts, task, domain, placed, tile_ids)
    return counts


def _check_collapse(counts: CheckCounts, here: pa.Table) -> None:
    """Look for points that many sites share."""
    latitudes = here["lat"].value_counts().field("counts")
    most = pc.max(latitudes).as_py()
    sites = here.num_rows
    is_large = sites >= _LEAST_FOR_LATITUDES
    counts.add(
        "latitudes", len(latitudes) if is_large else 0, is_large and most * _LATITUDE_SHARE > sites
    )
    first = here.filter(pc.equal(here["site_order"], 1))
    points = first.group_by(["lon", "lat"]).aggregate([([], "count_all")])
    counts.add("merchants", first.num_rows, first.num_rows - points.num_rows)


def _check_blocks(
    counts: CheckCounts,
    task: SiteTask,
    domain: PlacingDomain,
    placed: PlacedSites,
    tile_ids: NDArray[np.int64],
) -> None:
    """Compare the sites of each block with its mass, for each gamma, those that keep apart or are bound aside."""
    merchants = task.merchants
    rows = placed.rows[placed.on_map]
    gammas = merchants.gamma8[rows]
    is_bound = have_circles(merchants.circles) | (merchants.numbers("tile_id") != -1)
    free = ~(merchants.is_spaced | is_bound)[rows]
    for gamma in np.unique(gammas[free]).tolist():
        count_blocks(counts, domain, gamma, tile_ids[free & (gammas == gamma)])
