"""What stages count when they check their own results before they publish them; a failed check publishes nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from closedworld.errors import IntegrityError
from closedworld.inputs.reference.places import CountryPlaces
from closedworld.inputs.reference.time_zones import zones_of
from closedworld.inputs.regions.country_set import Country
from closedworld.kernels.grid import Grid
from closedworld.kernels.placing import PlacingDomain, have_circles
from closedworld.kernels.sphere import arc_km, chord_km, to_xyz
from closedworld.store.paths import VALIDATION_NAME
from closedworld.store.protocol import Storage
from closedworld.store.receipt import FileEntry
from closedworld.store.staging import stage_file

_MOVED_SHARE = 0.99
_LEAST_EXPECTED = 20.0
_DEVIATIONS = 6.0
_TURN = 360.0
_SLACK = 1e-6


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

    def results(self, claims: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return each check with its claim, what was counted, and whether it passed.

        Args:
            claims: What each check claims. ``seeds`` may fail for a hundredth; ``blocks`` is judged by chi-square.
        """
        found = []
        for name, claim in claims.items():
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


def stage_validation(
    folder: Storage, stage: str, counts: CheckCounts, claims: Mapping[str, str], code: str
) -> FileEntry:
    """Write ``validation.json``: what was checked.

    Args:
        folder: Staging folder.
        stage: Name of the stage.
        counts: What was counted.
        claims: What each check claims.
        code: Code of the error, such as ``sites-invalid``.

    Raises:
        IntegrityError: A check has failed.
        PublishError: ``output-not-writable``.
    """
    results = counts.results(claims)
    wrong = [one for one in results if not one["passed"]]
    if wrong:
        what = "; ".join(
            f"{one['claim']}: wrong for {one['failed']:,} of {one['checked']:,}" for one in wrong
        )
        raise IntegrityError(
            code,
            f"the {stage} failed their own checks, and nothing was published: {what}.",
            "Check the world with `closedworld verify`; if it is sound, please report this.",
        )
    content = {"stage": stage, "passed": True, "checks": results}
    text = json.dumps(content, indent=1) + "\n"
    return stage_file(folder, PurePosixPath(VALIDATION_NAME), text.encode(), len(results))


def count_places(
    counts: CheckCounts,
    domain: PlacingDomain,
    country: Country,
    places: CountryPlaces,
    rows: pa.Table,
    names: tuple[str, str],
) -> None:
    """Count points that are off their tile, outside of their country, or in another country's time zone.

    Args:
        counts: Get what is counted.
        domain: The country.
        country: Its polygons.
        places: Its places.
        rows: Rows with ``tile_id`` and ``tzid``, all on the map.
        names: Columns of longitude and latitude.
    """
    lons, lats = (rows[name].to_numpy() for name in names)
    on_tile = on_tile_lines(domain.spans.grid, rows["tile_id"].to_numpy(), lons, lats)
    counts.add("tiles", len(lons), np.count_nonzero(~on_tile))
    counts.add("polygons", len(lons), np.count_nonzero(~in_polygons(country, lons, lats)))
    count_zones(counts, places, rows["tzid"])


def count_keys(counts: CheckCounts, rows: pa.Table, wanted: Mapping[str, pa.Array]) -> None:
    """Count rows that are missing or too many, and those whose keys are not the ones wanted, in order.

    Args:
        counts: Get what is counted.
        rows: The rows.
        wanted: Values of their keys by column.
    """
    same = pc.and_(*(pc.equal(rows[name].combine_chunks(), own) for name, own in wanted.items()))
    count = len(next(iter(wanted.values())))
    counts.add("rows", count, abs(rows.num_rows - count))
    counts.add("keys", count, count - (pc.sum(same).as_py() or 0))


def count_circles(
    counts: CheckCounts,
    circles: NDArray[np.float64],
    lons: NDArray[np.float64],
    lats: NDArray[np.float64],
) -> None:
    """Count points that lie outside of their circle.

    Args:
        counts: Get what is counted.
        circles: Longitude and latitude of the centre, degrees, and radius, km; NaN for none; float64 (n, 3).
        lons: Longitudes, degrees, float64 (n,).
        lats: Latitudes, degrees, float64 (n,).
    """
    bound = np.flatnonzero(have_circles(circles))
    lon, lat, radius_km = circles[bound].T
    away = arc_km(chord_km(to_xyz(lon, lat), to_xyz(lons[bound], lats[bound])))
    counts.add("areas", len(bound), np.count_nonzero(away > radius_km * (1 + _SLACK)))


def count_zones(counts: CheckCounts, places: CountryPlaces, tzids: pa.ChunkedArray) -> None:
    """Count time zones that are none of a country."""
    known = pc.is_in(tzids, pa.array(zones_of(places.countries).tzids))
    counts.add("time_zones", len(tzids), len(tzids) - (pc.sum(known).as_py() or 0))


def count_blocks(
    counts: CheckCounts, domain: PlacingDomain, gamma8: int, tile_ids: NDArray[np.int64]
) -> None:
    """Add the squared deviations of blocks from what their masses expect.

    Args:
        counts: Get what is counted.
        domain: The country.
        gamma8: Eight times the exponent of density by which points were placed.
        tile_ids: Tiles of the points, int64 (n,).
    """
    blocks = domain.blocks
    raster_rows, cols = domain.spans.grid.row_col(tile_ids.astype(np.uint64))
    lattice = blocks.lattice
    ids = lattice.block_ids(lattice.row_blocks[raster_rows], lattice.col_blocks[cols])
    chosen = np.searchsorted(blocks.ids, ids)
    mass = blocks.masses(gamma8).astype(np.float64)
    expected = mass * (len(chosen) / mass.sum())
    group = groups_of(expected)
    groups = int(group[-1]) + 1
    seen = np.bincount(group[chosen], minlength=groups)
    wanted = np.bincount(group, weights=expected, minlength=groups)
    counts.add("blocks", len(chosen), 0)
    if groups > 1:
        counts.chi_square += float(((seen - wanted) ** 2 / wanted).sum())
        counts.freedom += groups - 1


def on_tile_lines(
    grid: Grid, tile_ids: NDArray[np.int64], lons: NDArray[np.float64], lats: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return which points lie on their tile, by the lines of the grid."""
    rows, cols = grid.row_col(tile_ids.astype(np.uint64))
    west, east = grid.lon_edge(cols), grid.lon_edge(cols + 1)
    north, south = grid.lat_edge(rows), grid.lat_edge(rows + 1)
    # Grids need not begin at -180.
    on = np.zeros(len(lons), np.bool_)
    for turn in (-_TURN, 0.0, _TURN):
        on |= (west <= lons + turn) & (lons + turn <= east)
    is_on: NDArray[np.bool_] = on & (south <= lats) & (lats <= north)
    return is_on


def in_polygons(
    country: Country, lons: NDArray[np.float64], lats: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return which points a polygon of the country covers, its border included, on any turn of the globe."""
    inside = np.zeros(len(lons), np.bool_)
    for feature in country.features:
        west, _, east, _ = feature.bounds
        for turn in (-_TURN, 0.0, _TURN):
            left = np.flatnonzero(~inside & (lons + turn >= west) & (lons + turn <= east))
            inside[left] = shapely.intersects_xy(feature, lons[left] + turn, lats[left])
    return inside


def groups_of(expected: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return a group for each block, int64 (n,): neighbours, joined until a group expects enough sites."""
    # Rough groups first, so that few are left to go through one by one.
    level = np.floor(np.cumsum(expected) / _LEAST_EXPECTED)
    rough = np.cumsum(np.diff(level, prepend=level[:1]) > 0)
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
