"""closedworld: raster cells per country, exactly and fast.

The names below are imported on first use, so that ``closedworld --help`` stays quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from closedworld._version import __version__

if TYPE_CHECKING:
    from closedworld.config import RunConfig, WeightsConfig
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
        FetchError,
        GeometryError,
        GridError,
        InputError,
        IntegrityError,
        PublishError,
        UnitError,
    )
    from closedworld.fetching import Fetched, RemoteFile, fetch, remote_files
    from closedworld.grid import Grid, read_raster_info, tile_areas_cm2, tile_areas_m2
    from closedworld.reference import bundled, bundled_files, verify_bundled
    from closedworld.run.inputs import PopulationRaster, load_population
    from closedworld.run.outcome import RunOutcome
    from closedworld.run.pipeline import run_world, weigh_world
    from closedworld.run.published_index import PublishedIndex, open_index
    from closedworld.run.tile_index import TileIndex, build_tile_index
    from closedworld.run.tile_weights import TileWeights, build_tile_weights
    from closedworld.spans import RowSpans, Rule, region_spans
    from closedworld.tiles import CountrySummary, World, enumerate_tiles
    from closedworld.validation import Finding, Verification, verify
    from closedworld.weights import Basis, Mixture, WeightSummary, apportion
    from closedworld.worlds import PublishedWorld, open_world
    from closedworld.worlds.comparing import CountryDifference, WorldDifference, compare_worlds

_HOMES = {
    "Basis": "weights",
    "ClosedWorldError": "errors",
    "ConfigError": "errors",
    "Country": "countries",
    "CountryDifference": "worlds.comparing",
    "CountrySet": "countries",
    "CountrySummary": "tiles",
    "FetchError": "errors",
    "Fetched": "fetching",
    "Finding": "validation",
    "GeometryError": "errors",
    "Grid": "grid",
    "GridError": "errors",
    "InputError": "errors",
    "IntegrityError": "errors",
    "Mixture": "weights",
    "PopulationRaster": "run.inputs",
    "PublishError": "errors",
    "Published": "datasets",
    "PublishedIndex": "run.published_index",
    "PublishedWorld": "worlds",
    "RemoteFile": "fetching",
    "RowSpans": "spans",
    "Rule": "spans",
    "RunConfig": "config",
    "RunOutcome": "run.outcome",
    "TileIndex": "run.tile_index",
    "TileWeights": "run.tile_weights",
    "UnitError": "errors",
    "Verification": "validation",
    "WeightSummary": "weights",
    "WeightsConfig": "config",
    "World": "tiles",
    "WorldDifference": "worlds.comparing",
    "apportion": "weights",
    "build_tile_index": "run.tile_index",
    "build_tile_weights": "run.tile_weights",
    "bundled": "reference",
    "bundled_files": "reference",
    "check_countries": "countries",
    "compare_worlds": "worlds.comparing",
    "countries_from_features": "countries",
    "enumerate_tiles": "tiles",
    "fetch": "fetching",
    "find_published": "datasets",
    "load_population": "run.inputs",
    "open_dataset": "datasets",
    "open_index": "run.published_index",
    "open_published": "datasets",
    "open_world": "worlds",
    "read_countries": "countries",
    "read_raster_info": "grid",
    "region_spans": "spans",
    "remote_files": "fetching",
    "run_world": "run.pipeline",
    "tile_areas_cm2": "grid",
    "tile_areas_m2": "grid",
    "verify": "validation",
    "verify_bundled": "reference",
    "weigh_world": "run.pipeline",
}

__all__ = [
    "Basis",
    "ClosedWorldError",
    "ConfigError",
    "Country",
    "CountryDifference",
    "CountrySet",
    "CountrySummary",
    "FetchError",
    "Fetched",
    "Finding",
    "GeometryError",
    "Grid",
    "GridError",
    "InputError",
    "IntegrityError",
    "Mixture",
    "PopulationRaster",
    "PublishError",
    "Published",
    "PublishedIndex",
    "PublishedWorld",
    "RemoteFile",
    "RowSpans",
    "Rule",
    "RunConfig",
    "RunOutcome",
    "TileIndex",
    "TileWeights",
    "UnitError",
    "Verification",
    "WeightSummary",
    "WeightsConfig",
    "World",
    "WorldDifference",
    "__version__",
    "apportion",
    "build_tile_index",
    "build_tile_weights",
    "bundled",
    "bundled_files",
    "check_countries",
    "compare_worlds",
    "countries_from_features",
    "enumerate_tiles",
    "fetch",
    "find_published",
    "load_population",
    "open_dataset",
    "open_index",
    "open_published",
    "open_world",
    "read_countries",
    "read_raster_info",
    "region_spans",
    "remote_files",
    "run_world",
    "tile_areas_cm2",
    "tile_areas_m2",
    "verify",
    "verify_bundled",
    "weigh_world",
]


def __getattr__(name: str) -> Any:
    """Return a public name from the module that defines it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """Return the public names, imported already or not."""
    return __all__
