"""What the page says of sites: how many of which kind, where, how close together, and whether that is the law."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from closedworld.datasets import MERCHANTS, SITES
from closedworld.html_report.country_rows import country_name
from closedworld.inputs.reference.places import URBAN
from closedworld.kernels.grid import RowAreas
from closedworld.kernels.placing import Blocks
from closedworld.kernels.sphere import EARTH_RADIUS_KM, to_xyz
from closedworld.published.cumulative_weights import CumulativeWeights
from closedworld.store.reading import Published

NO_KIND = "of no kind"
RADII_KM = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
"""Distances at which neighbours are counted."""

_LARGEST = 8
_SAMPLE = 1500
_GAMMA_STEPS = 8
_NEWTON_STEPS, _CLOSE = 12, 1e-5
_GAMMA_RANGE = -4.0, 6.0


@dataclass(frozen=True, slots=True)
class KindRow:
    """The sites of a kind of merchants.

    Attributes:
        name: The kind.
        sites: Its sites on the map.
        gamma: Exponent that was asked for, over its sites; None where it is not estimated.
        found: Exponent that its sites show.
        error: Standard error of that.
    """

    name: str
    sites: int
    gamma: float | None
    found: float | None
    error: float | None


@dataclass(frozen=True, slots=True)
class CountrySites:
    """The sites of a country.

    Attributes:
        name: Its name.
        iso: Its code.
        sites: Its sites on the map.
        per_1000: Sites per 1,000 persons; None where persons are not known.
    """

    name: str
    iso: str
    sites: int
    per_1000: float | None


@dataclass(frozen=True, slots=True)
class Neighbours:
    """How many other sites lie near a site.

    Attributes:
        km: Within this distance.
        found: Sites there, on average.
        even: As many if they were spread evenly over their country.
    """

    km: float
    found: float
    even: float

    @property
    def ratio(self) -> float:
        """How many times as many."""
        return self.found / self.even if self.even else math.nan


@dataclass(frozen=True, slots=True)
class SiteFigures:
    """What the page says of sites.

    Attributes:
        on_map: Sites with coordinates.
        online: Sites without.
        kinds: By number of sites.
        countries: By number of sites.
        urban: Share of each kind of surroundings, 0..1, by its name.
        zones: Time zones by number of sites.
        neighbours: By distance.
        looked_at: Codes of the countries that exponents and neighbours are of.
    """

    on_map: int
    online: int
    kinds: tuple[KindRow, ...]
    countries: tuple[CountrySites, ...]
    urban: Mapping[str, float]
    zones: Mapping[str, int]
    neighbours: tuple[Neighbours, ...]
    looked_at: tuple[str, ...]


def site_figures(
    published: Published,
    weights: Mapping[str, CumulativeWeights],
    persons: Mapping[str, float],
    *,
    are_regions: bool = False,
) -> SiteFigures:
    """Return what there is to say of published sites.

    Args:
        published: The sites.
        weights: Tiles and weights of their countries.
        persons: Persons of each country, where they are known.
        are_regions: Whether the codes are the regions' own.

    Raises:
        ConfigError, IntegrityError: The published files are damaged.
    """
    counts: dict[str, Counter[str]] = {
        name: Counter() for name in ("country_iso", "category", "urban", "tzid")
    }
    online = 0
    for batch in published.dataset(SITES.name).to_batches(columns=[*counts, "lon"]):
        here = batch.filter(batch["lon"].is_valid())
        online += batch.num_rows - here.num_rows
        for name, counted in counts.items():
            for one in here[name].value_counts().to_pylist():
                counted[one["values"] or NO_KIND] += one["counts"]
    by_country = counts["country_iso"]
    looked_at = tuple(iso for iso, _ in by_country.most_common(_LARGEST) if iso in weights)
    places = {iso: _tiles_and_kinds(published, iso) for iso in looked_at}
    on_map = by_country.total()
    return SiteFigures(
        on_map,
        online,
        _kinds(counts["category"], places, weights, _gammas(published)),
        tuple(
            CountrySites(
                country_name(iso, are_regions=are_regions),
                iso,
                count,
                1000 * count / persons[iso] if persons.get(iso) else None,
            )
            for iso, count in by_country.most_common()
        ),
        {name: counts["urban"][name] / on_map for name in URBAN},
        dict(counts["tzid"].most_common()),
        _neighbours(places, weights),
        looked_at,
    )


def _tiles_and_kinds(published: Published, iso: str) -> pa.Table:
    """Return the sites of a country that are on the map."""
    names = ["lon", "lat", "tile_id", "category"]
    rows = pc.field("country_iso") == iso
    table = published.dataset(SITES.name).to_table(columns=names, filter=rows)
    return table.filter(table["lon"].is_valid())


def _gammas(published: Published) -> dict[str | tuple[str, str], float]:
    """Return the exponent asked for in each kind, and in each country and kind, on average over their outlets."""
    sums: Counter[str | tuple[str, str]] = Counter()
    outlets: Counter[str | tuple[str, str]] = Counter()
    names = ["country_iso", "category", "gamma", "n"]
    table = published.dataset(MERCHANTS.name).to_table(columns=names)
    for iso, category, gamma, n in zip(*(table[name].to_pylist() for name in names), strict=True):
        kind = category or NO_KIND
        for key in (kind, (iso, kind)):
            # In whole eighths: sums of floats would depend on their order.
            sums[key] += round(gamma * _GAMMA_STEPS) * n
            outlets[key] += n
    return {key: sums[key] / _GAMMA_STEPS / count for key, count in outlets.items() if count}


def _kinds(
    counted: Counter[str],
    places: Mapping[str, pa.Table],
    weights: Mapping[str, CumulativeWeights],
    asked: Mapping[str | tuple[str, str], float],
) -> tuple[KindRow, ...]:
    """Return the kinds with the exponents that their sites show."""
    seen: dict[str, list[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]]] = {}
    for iso, table in places.items():
        tiles = weights[iso]
        blocks = Blocks.of(tiles.spans, tiles.tile_weights())
        weight = blocks.weights.astype(np.float64)
        density = np.log(weight / blocks.areas_cm2)
        rows, cols = tiles.spans.grid.row_col(table["tile_id"].to_numpy().astype(np.uint64))
        lattice = blocks.lattice
        ids = lattice.block_ids(lattice.row_blocks[rows], lattice.col_blocks[cols])
        at = np.searchsorted(blocks.ids, ids)
        category = pc.fill_null(table["category"], NO_KIND)
        for kind in pc.unique(category).to_pylist():
            count = np.bincount(at[pc.equal(category, kind).to_numpy()], minlength=len(weight))
            relative = density - density.mean()
            # What a country is asked for beyond the mean of all is not to be found.
            own = weight * np.exp((asked[iso, kind] - asked[kind]) * relative)
            seen.setdefault(kind, []).append((own / own.sum(), relative, count))
    found = []
    for kind, sites in counted.most_common():
        gamma, error = fitted(seen.get(kind, []))
        found.append(KindRow(kind, sites, asked.get(kind), gamma, error))
    return tuple(found)


def fitted(
    countries: Sequence[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]],
) -> tuple[float | None, float | None]:
    """Return the exponent that makes sites most likely, and its standard error; None for too few sites.

    Sites of a country lie in its blocks with probabilities in proportion to weight times density to the power
    gamma - 1. Newton's method on the logarithm of the likelihood, which is concave.
    """
    gamma = 1.0
    for _ in range(_NEWTON_STEPS):
        slope = curve = 0.0
        for weight, density, count in countries:
            chance = weight * np.exp((gamma - 1) * density)
            chance /= chance.sum()
            mean = float(chance @ density)
            slope += float(count @ density) - count.sum() * mean
            curve += count.sum() * float(chance @ (density - mean) ** 2)
        if curve <= 0:
            return None, None
        before = gamma
        gamma = min(max(gamma + slope / curve, _GAMMA_RANGE[0]), _GAMMA_RANGE[1])
        if abs(gamma - before) < _CLOSE:
            break
    return gamma, 1 / math.sqrt(curve)


def _neighbours(
    places: Mapping[str, pa.Table], weights: Mapping[str, CumulativeWeights]
) -> tuple[Neighbours, ...]:
    """Return how many sites lie near a site; beyond borders nothing is counted, on either side."""
    found, even, sites = np.zeros(len(RADII_KM)), np.zeros(len(RADII_KM)), 0
    for iso, table in places.items():
        total = table.num_rows
        if total < 2:  # noqa: PLR2004  # a pair
            continue
        # Drawn, not every n-th: sites come by merchant.
        some = np.random.default_rng(0).choice(total, min(total, _SAMPLE), replace=False)
        xyz = to_xyz(*(table[name].to_numpy()[some] for name in ("lon", "lat")))
        chord = np.sqrt(np.maximum(2 * (EARTH_RADIUS_KM**2 - xyz.T @ xyz), 0))
        np.fill_diagonal(chord, np.inf)
        spans = weights[iso].spans
        areas = RowAreas.spanning(spans.grid, spans.rows)
        runs = spans.col_stops - spans.col_starts
        area_km2 = float((areas.of(spans.rows) * runs).sum()) / 1e10
        for at, km in enumerate(RADII_KM):
            pairs = np.count_nonzero(
                chord <= 2 * EARTH_RADIUS_KM * math.sin(km / EARTH_RADIUS_KM / 2)
            )
            near = pairs / len(some) / (len(some) - 1) * (total - 1)
            found[at] += total * near
            even[at] += total * min(1.0, math.pi * km * km / area_km2) * (total - 1)
        sites += total
    if not sites:
        return ()
    return tuple(
        Neighbours(km, float(one), float(other))
        for km, one, other in zip(RADII_KM, found / sites, even / sites, strict=True)
    )
