"""Outlets of a task, and their points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from closedworld.datasets import Dataset
from closedworld.kernels.placing import (
    PlacingDomain,
    SiteRequest,
    place_sites,
    site_keys,
)
from closedworld.stages.asked_areas import parts_of_country
from closedworld.stages.country_source import PlacingTask
from closedworld.stages.sites.requirements import CountryMerchants


@dataclass(frozen=True, slots=True, eq=False)
class SiteTask(PlacingTask):
    """Places and writes outlets of a country: one part file of ``sites``, and of ``merchants`` the first time.

    Attributes:
        merchants: Whose outlets they are.
        before: Outlets of the first of these that belong to the task before.
        written_merchants: All merchants of the country, in its first task; None in others.
        merchants_dataset: The dataset ``merchants``.
    """

    merchants: CountryMerchants
    before: int
    written_merchants: CountryMerchants | None
    merchants_dataset: Dataset


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
        """Place outlets, given as the attributes have them, in a country.

        Raises:
            IntegrityError: Weights are damaged.
        """
        on_map = np.flatnonzero(merchants.on_map[rows])
        here = rows[on_map]
        own, merchant = np.unique(here, return_inverse=True)
        ids = merchants.rows["merchant_id"].take(pa.array(own)).to_pylist()
        request = SiteRequest(
            site_keys(ids, merchants.country_iso, seed)[merchant],
            orders[on_map],
            merchants.gamma8[here],
            merchants.is_spaced[here],
        )
        tile_ids = np.empty(len(here), np.int64)
        lons, lats = np.empty((2, len(here)))
        tiles = merchants.numbers("tile_id")
        parts = parts_of_country(domain, merchants.country_iso, merchants.circles, tiles, here)
        for which, part in parts:
            sites = place_sites(part, request.take(which))
            tile_ids[which], lons[which], lats[which] = sites.tile_ids, sites.lons, sites.lats
        return cls(rows, orders, on_map, tile_ids, lons, lats)
