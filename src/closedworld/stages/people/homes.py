"""Cards of a task, and the points where their holders live and work."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from closedworld.datasets import CARDS, SITES
from closedworld.inputs.reference.places import CountryPlaces, place_of
from closedworld.inputs.reference.time_zones import time_zones
from closedworld.kernels.placing import (
    GAMMA_ONE,
    PlacingDomain,
    SiteRequest,
    place_sites,
    work_sites,
)
from closedworld.kernels.sampling import stream_keys
from closedworld.stages.asked_areas import parts_of_country
from closedworld.stages.country_source import PlacingTask
from closedworld.stages.people.requirements import CountryCards
from closedworld.store.reading import Published

_HOME_KEYS, _WORK_KEYS = b"home", b"work"


@dataclass(frozen=True, slots=True, eq=False)
class SitePoints:
    """Sites on the map, in the order of their dataset.

    Attributes:
        lons: Degrees in -180..180, float64 (n,).
        lats: Degrees, float64 (n,).
    """

    lons: NDArray[np.float64]
    lats: NDArray[np.float64]

    @classmethod
    def of(cls, sites: Published, country_iso: str) -> SitePoints:
        """Return the sites of a country; none where it has no files.

        Raises:
            IntegrityError: ``file-unreadable``.
        """
        table = sites.read(SITES.name, ["lon", "lat"], country_iso)
        here = table.filter(table["lon"].is_valid())
        return cls(here["lon"].to_numpy(), here["lat"].to_numpy())


@dataclass(frozen=True, slots=True, eq=False)
class PeopleTask(PlacingTask):
    """Places and writes the homes of some cards: one part file of ``cards``.

    Attributes:
        sites: The published sites, where holders may work.
        cards: Cards of the task.
    """

    sites: Published
    cards: CountryCards


@dataclass(frozen=True, slots=True, eq=False)
class Homes:
    """Where holders live and work; arrays of one length.

    Attributes:
        tile_ids: Tile of each home, int64 (n,).
        lons: Its longitude, degrees in -180..180, float64 (n,).
        lats: Its latitude, degrees, float64 (n,).
        work: Site where each works, its position in the country's, int64 (n,); None where the country has none.
    """

    tile_ids: NDArray[np.int64]
    lons: NDArray[np.float64]
    lats: NDArray[np.float64]
    work: NDArray[np.int64] | None

    @classmethod
    def of(cls, cards: CountryCards, sites: SitePoints, domain: PlacingDomain, seed: int) -> Homes:
        """Place homes by population, and work at sites some way from them.

        A holder's home and work depend on seed, holder, country, the holder's town, the world and its sites alone.

        Raises:
            IntegrityError: Weights are damaged.
        """
        persons, iso = cards.rows["person_id"].to_pylist(), cards.country_iso
        count = len(cards)
        one = np.ones(count, np.int64)
        request = SiteRequest(
            stream_keys(persons, iso, seed, kind=_HOME_KEYS),
            one,
            one * GAMMA_ONE,
            np.zeros(count, np.bool_),
        )
        tile_ids = np.empty(count, np.int64)
        lons, lats = np.empty((2, count))
        for which, part in parts_of_country(domain, iso, cards.circles, -one, np.arange(count)):
            placed = place_sites(part, request.take(which))
            tile_ids[which], lons[which], lats[which] = placed.tile_ids, placed.lons, placed.lats
        if not len(sites.lons):
            return cls(tile_ids, lons, lats, None)
        keys = stream_keys(persons, iso, seed, kind=_WORK_KEYS)
        return cls(tile_ids, lons, lats, work_sites(lons, lats, keys, sites.lons, sites.lats))


def rows_of(
    cards: CountryCards, homes: Homes, sites: SitePoints, places: CountryPlaces
) -> pa.Table:
    """Return cards as ``cards`` publishes them, described by the places of their country."""
    iso, count = cards.country_iso, len(cards)
    place = place_of(places, homes.lons, homes.lats)
    columns = {
        "card_id": cards.rows["card_id"],
        "person_id": cards.rows["person_id"],
        "country_iso": pa.repeat(iso, count),
        "home_lon": pa.array(homes.lons),
        "home_lat": pa.array(homes.lats),
        "tile_id": pa.array(homes.tile_ids),
        "tzid": time_zones(places, homes.lons, homes.lats),
        "place": place.place,
        "admin1": place.admin1,
        "urban": place.urban,
    }
    for name, values in (("work_lon", sites.lons), ("work_lat", sites.lats)):
        columns[name] = (
            pa.nulls(count, pa.float64()) if homes.work is None else pa.array(values[homes.work])
        )
    return pa.table({name: columns[name] for name in CARDS.schema.names}).cast(CARDS.schema)
