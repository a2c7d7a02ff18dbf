"""Outlets with their points."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from closedworld.errors import IntegrityError
from closedworld.inputs.merchants.kinds import GAMMA_STEPS
from closedworld.kernels.placing import (
    Circle,
    PlacingDomain,
    SiteRequest,
    on_tile,
    place_sites,
    site_keys,
    within_circle,
)
from closedworld.stages.sites.requirements import CountryMerchants


@dataclass(frozen=True, slots=True, eq=False)
class PlacedSites:
    """Outlets of a country, placed.

    Attributes:
        rows: Row of each in the merchants, int64 (n,).
        orders: Number of each among those of its merchant, int64 (n,).
        on_map: Those with coordinates, positions among all, int64 (m,).
        tile_ids: Tile of each of these, int64 (m,).
        lons: Longitude of each of these, degrees in -180..180, float64 (m,).
        lats: Latitude of each of these, degrees, float64 (m,).
    """

    rows: NDArray[np.int64]
    orders: NDArray[np.int64]
    on_map: NDArray[np.int64]
    tile_ids: NDArray[np.int64]
    lons: NDArray[np.float64]
    lats: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        merchants: CountryMerchants,
        rows: NDArray[np.int64],
        orders: NDArray[np.int64],
        domain: PlacingDomain,
        seed: int,
    ) -> PlacedSites:
        """Place outlets.

        Args:
            merchants: Whose outlets they are.
            rows: Row of each in the merchants, int64 (n,).
            orders: Number of each among those of its merchant, int64 (n,).
            domain: The country.
            seed: Determines where they lie.

        Raises:
            IntegrityError: Weights are damaged.
        """
        on_map = np.flatnonzero(merchants.on_map[rows])
        here = rows[on_map]
        ids = merchants.rows["merchant_id"].to_pylist()
        gammas = merchants.rows["gamma"].to_numpy() * GAMMA_STEPS
        request = SiteRequest(
            site_keys(ids, merchants.country_iso, seed)[here],
            orders[on_map],
            gammas.astype(np.int64)[here],
            merchants.is_spaced[here],
        )
        tile_ids = np.empty(len(here), np.int64)
        lons, lats = np.empty((2, len(here)))
        for which, part in _parts(merchants, here, domain):
            sites = place_sites(part, request.take(which))
            tile_ids[which], lons[which], lats[which] = sites.tile_ids, sites.lons, sites.lats
        return cls(rows, orders, on_map, tile_ids, lons, lats)


def _parts(
    merchants: CountryMerchants, rows: NDArray[np.int64], domain: PlacingDomain
) -> Iterator[tuple[NDArray[np.int64], PlacingDomain]]:
    """Yield outlets that must lie in the same part of the country, and that part.

    Args:
        merchants: Whose outlets they are.
        rows: Row of each in the merchants, int64 (n,).
        domain: The country.
    """
    tiles = merchants.numbers("tile_id")
    # A row that names nothing has no circle and tile -1.
    asked = np.column_stack([np.nan_to_num(merchants.circles), tiles])
    parts, part_of_row = np.unique(asked, axis=0, return_inverse=True)
    part = part_of_row.ravel()[rows]
    order = np.argsort(part, kind="stable")
    bounds = np.searchsorted(part[order], np.arange(len(parts) + 1))
    for number, (lon, lat, radius_km, _) in enumerate(parts.tolist()):
        which = order[bounds[number] : bounds[number + 1]]
        if not len(which):
            continue
        tile = int(tiles[rows[which[0]]])
        if tile >= 0:
            yield which, on_tile(domain, tile)
        elif radius_km:
            yield which, _circle_in(domain, Circle(lon, lat, radius_km), merchants.country_iso)
        else:
            yield which, domain


def _circle_in(domain: PlacingDomain, circle: Circle, country_iso: str) -> PlacingDomain:
    """Return the part of a country in a circle, which planning has found to be there.

    Raises:
        IntegrityError: ``sites-invalid``: it is not.
    """
    part = within_circle(domain, circle)
    if part is None:
        raise IntegrityError(
            "sites-invalid",
            f"{country_iso} has no tile within {circle.radius_km} km of {circle.lon}, {circle.lat}.",
        )
    return part
