"""What the stage checks of its own result before it publishes it; a failed check publishes nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from closedworld.inputs.reference.time_zones import country_zones
from closedworld.kernels.grid import Grid
from closedworld.kernels.placing import PlacingDomain
from closedworld.kernels.sphere import arc_km, chord_km, to_xyz
from closedworld.stages.sites.placed import PlacedSites

if TYPE_CHECKING:
    from closedworld.stages.sites.task import SiteTask

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

_SEED_SAMPLE = 500
_LEAST_FOR_LATITUDES = 1000
_LATITUDE_SHARE = 100
_MOVED_SHARE = 0.99
_LEAST_EXPECTED = 20.0
_DEVIATIONS = 6.0
_SLACK = 1e-6
_TURN = 360.0
_OTHER_SEED = 1


@dataclass(slots=True)
class CheckCounts:
    """What was counted for each check.

    Attributes:
        checked: How many were looked at, by check.
        failed: How many were wrong, by check.
        chi_square: Sum of the squared deviations of blocks.
        freedom: Degrees of freedom of that sum.
    """

    checked: dict[str, int] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)
    chi_square: float = 0.0
    freedom: int = 0

    def add(self, name: str, checked: int | np.integer[Any], failed: int | np.integer[Any]) -> None:
        """Count for a check."""
        self.checked[name] = self.checked.get(name, 0) + int(checked)
        self.failed[name] = self.failed.get(name, 0) + int(failed)

    def merge(self, other: CheckCounts) -> None:
        """Add what another task has counted."""
        for name, checked in other.checked.items():
            self.add(name, checked, other.failed[name])
        self.chi_square += other.chi_square
        self.freedom += other.freedom

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as JSON holds them."""
        return {
            "checked": self.checked,
            "failed": self.failed,
            "chi_square": self.chi_square,
            "freedom": self.freedom,
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> CheckCounts:
        """Return the counts that JSON holds."""
        return cls(**content)

    def results(self) -> list[dict[str, Any]]:
        """Return each check with its claim, what was counted, and whether it passed."""
        found = []
        for name, claim in CLAIMS.items():
            checked, failed = self.checked.get(name, 0), self.failed.get(name, 0)
            passed = failed <= checked * (1 - _MOVED_SHARE) if name == "seeds" else not failed
            one: dict[str, Any] = {"check": name, "claim": claim, "checked": checked}
            if name == "blocks":
                # Digits beyond these differ with the order of sums.
                one |= {"chi_square": round(self.chi_square, 3), "degrees_of_freedom": self.freedom}
                passed = abs(deviations(self.chi_square, self.freedom)) < _DEVIATIONS
                failed = int(not passed)
            found.append({**one, "failed": failed, "passed": passed})
        return found


def deviations(chi_square: float, freedom: int) -> float:
    """Return how many standard deviations a chi-square sum is from what is expected; 0 without freedom.

    E. B. Wilson and M. M. Hilferty, "The distribution of chi-square", PNAS 17 (1931): its cube root is normal,
    nearly, also for few degrees of freedom.
    """
    if not freedom:
        return 0.0
    spread = 2 / (9 * freedom)
    return float(((chi_square / freedom) ** (1 / 3) - (1 - spread)) / math.sqrt(spread))


def validation_bytes(stage: str, results: list[dict[str, Any]]) -> bytes:
    """Return the content of ``validation.json``."""
    content = {
        "stage": stage,
        "passed": all(one["passed"] for one in results),
        "checks": results,
    }
    return (json.dumps(content, indent=1, ensure_ascii=True) + "\n").encode()


def check_sites(
    task: SiteTask, domain: PlacingDomain, placed: PlacedSites, written: pa.Table
) -> CheckCounts:
    """Return what was counted of the rows that a task has written."""
    counts = CheckCounts()
    merchants = task.merchants
    counts.add("rows", task.cost, abs(written.num_rows - task.cost))
    wanted = merchants.rows["merchant_id"].take(pa.array(placed.rows))
    is_right = pc.and_(
        pc.equal(written["merchant_id"].combine_chunks(), wanted.combine_chunks()),
        pc.equal(written["site_order"].combine_chunks(), pa.array(placed.orders.astype(np.int32))),
    )
    counts.add("keys", task.cost, task.cost - (pc.sum(is_right).as_py() or 0))
    here = written.filter(written["lon"].is_valid())
    lons, lats = here["lon"].to_numpy(), here["lat"].to_numpy()
    tile_ids = here["tile_id"].to_numpy()
    counts.add(
        "tiles", len(lons), np.count_nonzero(~_on_tile(domain.spans.grid, tile_ids, lons, lats))
    )
    inside = _in_polygons(task, lons, lats)
    counts.add("polygons", len(lons), np.count_nonzero(~inside))
    _check_areas(counts, task, placed, tile_ids, lons, lats)
    zones = written["tzid"].drop_null()
    known = pc.is_in(zones, pa.array(country_zones(merchants.country_iso).tzids))
    counts.add("time_zones", len(zones), len(zones) - (pc.sum(known).as_py() or 0))
    _check_collapse(counts, here)
    if task.tries_seed:
        _check_other_seed(counts, task, domain, placed)
    _check_blocks(counts, task, domain, placed, tile_ids)
    return counts


def _on_tile(
    grid: Grid, tile_ids: NDArray[np.int64], lons: NDArray[np.float64], lats: NDArray[np.float64]
) -> NDArray[np.bool_]:
    rows, cols = grid.row_col(tile_ids.astype(np.uint64))
    west, east = grid.lon_edge(cols), grid.lon_edge(cols + 1)
    north, south = grid.lat_edge(rows), grid.lat_edge(rows + 1)
    # Grids need not begin at -180.
    on = np.zeros(len(lons), np.bool_)
    for turn in (-_TURN, 0.0, _TURN):
        on |= (west <= lons + turn) & (lons + turn <= east)
    is_on: NDArray[np.bool_] = on & (south <= lats) & (lats <= north)
    return is_on


def _in_polygons(
    task: SiteTask, lons: NDArray[np.float64], lats: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return which points a polygon of the country covers, its border included, on any turn of the globe."""
    inside = np.zeros(len(lons), np.bool_)
    for feature in task.source.country.features:
        west, _, east, _ = feature.bounds
        for turn in (-_TURN, 0.0, _TURN):
            left = np.flatnonzero(~inside & (lons + turn >= west) & (lons + turn <= east))
            inside[left] = shapely.intersects_xy(feature, lons[left] + turn, lats[left])
    return inside


def _check_areas(
    counts: CheckCounts,
    task: SiteTask,
    placed: PlacedSites,
    tile_ids: NDArray[np.int64],
    lons: NDArray[np.float64],
    lats: NDArray[np.float64],
) -> None:
    """Measure whether sites lie in their circle, or on their tile."""
    rows = placed.rows[placed.on_map]
    asked = task.merchants.numbers("tile_id")[rows]
    counts.add(
        "areas", np.count_nonzero(asked >= 0), np.count_nonzero((asked >= 0) & (asked != tile_ids))
    )
    circles = task.merchants.circles[rows]
    bound = np.flatnonzero(~np.isnan(circles[:, 0]))
    lon, lat, radius_km = circles[bound].T
    away = arc_km(chord_km(to_xyz(lon, lat), to_xyz(lons[bound], lats[bound])))
    counts.add("areas", len(bound), np.count_nonzero(away > radius_km * (1 + _SLACK)))


def _check_collapse(counts: CheckCounts, here: pa.Table) -> None:
    """Look for points that many sites share."""
    latitudes = here["lat"].value_counts().field("counts")
    most = pc.max(latitudes).as_py() or 0
    sites = here.num_rows
    is_large = sites >= _LEAST_FOR_LATITUDES
    counts.add(
        "latitudes", len(latitudes) if is_large else 0, is_large and most * _LATITUDE_SHARE > sites
    )
    first = here.filter(pc.equal(here["site_order"], 1))
    points = first.group_by(["lon", "lat"]).aggregate([([], "count_all")])
    counts.add("merchants", first.num_rows, first.num_rows - points.num_rows)


def _check_other_seed(
    counts: CheckCounts, task: SiteTask, domain: PlacingDomain, placed: PlacedSites
) -> None:
    """Place some outlets with another seed and count those that stay."""
    some = placed.on_map[:_SEED_SAMPLE]
    other = PlacedSites.of(
        task.merchants, placed.rows[some], placed.orders[some], domain, task.seed + _OTHER_SEED
    )
    same = (other.lons == placed.lons[: len(some)]) & (other.lats == placed.lats[: len(some)])
    counts.add("seeds", len(some), np.count_nonzero(same))


def _check_blocks(
    counts: CheckCounts,
    task: SiteTask,
    domain: PlacingDomain,
    placed: PlacedSites,
    tile_ids: NDArray[np.int64],
) -> None:
    """Compare the sites of each block with its mass, for each gamma, those that keep apart or are bound aside."""
    merchants, blocks = task.merchants, domain.blocks
    rows = placed.rows[placed.on_map]
    gammas = (merchants.rows["gamma"].to_numpy() * 8)[rows].astype(np.int64)
    is_bound = ~np.isnan(merchants.circles[:, 0]) | (merchants.numbers("tile_id") >= 0)
    free = ~(merchants.is_spaced | is_bound)[rows]
    raster_rows, cols = domain.spans.grid.row_col(tile_ids.astype(np.uint64))
    lattice = blocks.lattice
    ids = lattice.block_ids(lattice.row_blocks[raster_rows], lattice.col_blocks[cols])
    block = np.searchsorted(blocks.ids, ids)
    for gamma in np.unique(gammas[free]).tolist():
        chosen = block[free & (gammas == gamma)]
        mass = blocks.masses(gamma).astype(np.float64)
        expected = mass * (len(chosen) / mass.sum())
        group = groups_of(expected)
        groups = int(group[-1]) + 1
        seen = np.bincount(group[chosen], minlength=groups)
        wanted = np.bincount(group, weights=expected, minlength=groups)
        counts.add("blocks", len(chosen), 0)
        if groups > 1:
            counts.chi_square += float(((seen - wanted) ** 2 / wanted).sum())
            counts.freedom += groups - 1


def groups_of(expected: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return a group for each block, int64 (n,): neighbours, joined until a group expects enough sites."""
    # Rough groups first, so that few are left to go through one by one.
    _, rough = np.unique(np.floor(np.cumsum(expected) / _LEAST_EXPECTED), return_inverse=True)
    number, held = 0, 0.0
    numbers = []
    for one in np.bincount(rough, weights=expected).tolist():
        if held >= _LEAST_EXPECTED:
            number, held = number + 1, 0.0
        held += one
        numbers.append(number)
    if held < _LEAST_EXPECTED and number:
        numbers = [min(one, number - 1) for one in numbers]
    return np.array(numbers, np.int64)[rough]
