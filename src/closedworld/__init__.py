"""closedworld: raster cells per country, exactly and fast.

The names below are imported on first use, so that ``closedworld --help`` stays quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from closedworld._version import __version__

if TYPE_CHECKING:
    from closedworld.config import RunConfig
    from closedworld.countries import (
        Country,
        CountrySet,
        check_countries,
        countries_from_features,
        read_countries,
    )
    from closedworld.datasets import Published, find_published, open_dataset, open_published
    from closedworld.errors import ClosedWorldError
    from closedworld.grid import Grid, read_raster_info, tile_areas_cm2, tile_areas_m2
    from closedworld.reference import bundled, bundled_files
    from closedworld.run.pipeline import run_world
    from closedworld.run.tile_index import TileIndex, build_tile_index
    from closedworld.spans import RowSpans, Rule, region_spans
    from closedworld.tiles import World, enumerate_tiles

_HOMES = {
    "ClosedWorldError": "errors",
    "Country": "countries",
    "CountrySet": "countries",
    "Grid": "grid",
    "Published": "datasets",
    "RowSpans": "spans",
    "Rule": "spans",
    "RunConfig": "config",
    "TileIndex": "run.tile_index",
    "World": "tiles",
    "build_tile_index": "run.tile_index",
    "bundled": "reference",
    "bundled_files": "reference",
    "check_countries": "countries",
    "countries_from_features": "countries",
    "enumerate_tiles": "tiles",
    "find_published": "datasets",
    "open_dataset": "datasets",
    "open_published": "datasets",
    "read_countries": "countries",
    "read_raster_info": "grid",
    "region_spans": "spans",
    "run_world": "run.pipeline",
    "tile_areas_cm2": "grid",
    "tile_areas_m2": "grid",
}

__all__ = [
    "ClosedWorldError",
    "Country",
    "CountrySet",
    "Grid",
    "Published",
    "RowSpans",
    "Rule",
    "RunConfig",
    "TileIndex",
    "World",
    "__version__",
    "build_tile_index",
    "bundled",
    "bundled_files",
    "check_countries",
    "countries_from_features",
    "enumerate_tiles",
    "find_published",
    "open_dataset",
    "open_published",
    "read_countries",
    "read_raster_info",
    "region_spans",
    "run_world",
    "tile_areas_cm2",
    "tile_areas_m2",
]


def __getattr__(name: str) -> Any:
    """Return a public name from the module that defines it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
