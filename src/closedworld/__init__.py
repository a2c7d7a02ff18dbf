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
    from closedworld.errors import (
        ClosedWorldError,
        ConfigError,
        GeometryError,
        GridError,
        InputError,
        IntegrityError,
        PublishError,
        UnitError,
    )
    from closedworld.grid import Grid, read_raster_info, tile_areas_cm2, tile_areas_m2
    from closedworld.reference import bundled, bundled_files, verify_bundled
    from closedworld.run.pipeline import RunOutcome, run_world
    from closedworld.run.tile_index import TileIndex, build_tile_index
    from closedworld.spans import RowSpans, Rule, region_spans
    from closedworld.tiles import CountrySummary, World, enumerate_tiles

_HOMES = {
    "ClosedWorldError": "errors",
    "ConfigError": "errors",
    "Country": "countries",
    "CountrySet": "countries",
    "CountrySummary": "tiles",
    "GeometryError": "errors",
    "Grid": "grid",
    "GridError": "errors",
    "InputError": "errors",
    "IntegrityError": "errors",
    "PublishError": "errors",
    "Published": "datasets",
    "RowSpans": "spans",
    "Rule": "spans",
    "RunConfig": "config",
    "RunOutcome": "run.pipeline",
    "TileIndex": "run.tile_index",
    "UnitError": "errors",
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
    "verify_bundled": "reference",
}

__all__ = [
    "ClosedWorldError",
    "ConfigError",
    "Country",
    "CountrySet",
    "CountrySummary",
    "GeometryError",
    "Grid",
    "GridError",
    "InputError",
    "IntegrityError",
    "PublishError",
    "Published",
    "RowSpans",
    "Rule",
    "RunConfig",
    "RunOutcome",
    "TileIndex",
    "UnitError",
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
    "verify_bundled",
]


def __getattr__(name: str) -> Any:
    """Return a public name from the module that defines it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """Return the public names, imported already or not."""
    return __all__
