"""The sites of a country where its people may work."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from closedworld.datasets import SITES
from closedworld.store.reading import Published


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
