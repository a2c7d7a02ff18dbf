"""The sites of a country where its people may work."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from closedworld.datasets import SITES
from closedworld.errors import IntegrityError
from closedworld.sanitize import library_message
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
        names = ["lon", "lat"]
        tables = [SITES.schema.empty_table().select(names)]
        for entry in sites.files(SITES.name).get(country_iso, ()):
            try:
                with sites.open_parquet(entry) as file:
                    tables.append(file.read(names, use_threads=False))
            except (OSError, pa.ArrowException) as error:
                raise IntegrityError(
                    "file-unreadable",
                    f"{sites.path_of(entry)} cannot be read: {library_message(error)}.",
                    "Delete the folder and build it again.",
                ) from error
        table = pa.concat_tables(tables, promote_options="permissive")
        here = table.filter(table["lon"].is_valid())
        return cls(here["lon"].to_numpy(), here["lat"].to_numpy())
