"""closedworld: raster cells per country, exactly and fast.

The names below are imported on first use, so that ``closedworld --help`` stays quick.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from closedworld._version import __version__

if sys.platform == "win32":
    # Results appear by locks and renames that only POSIX has.
    raise ImportError("closedworld runs on Linux and macOS; on Windows, install and run it in WSL.")

if TYPE_CHECKING:
    from closedworld.config.run import RunConfig
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
    from closedworld.execution.progress import Progress
    from closedworld.explore.writing import MapPage
    from closedworld.inputs.loading import PopulationRaster, load_population
    from closedworld.inputs.raster.info import read_raster_info
    from closedworld.inputs.reference.fetching.fetch import Fetched, fetch
    from closedworld.inputs.reference.registry import (
        RemoteFile,
        bundled,
        bundled_files,
        remote_files,
        verify_bundled,
    )
    from closedworld.inputs.regions.country_reading import (
        check_countries,
        countries_from_features,
        read_countries,
    )
    from closedworld.inputs.regions.country_set import Country, CountrySet
    from closedworld.kernels.grid import Grid, tile_areas_cm2, tile_areas_m2
    from closedworld.kernels.records import Records
    from closedworld.kernels.spans import RowSpans, Rule, region_spans
    from closedworld.kernels.tiles import CountrySummary, World, enumerate_tiles
    from closedworld.kernels.weights import Basis, Mixture, WeightSummary, apportion
    from closedworld.published.results import find_published, open_dataset, open_published
    from closedworld.published.tile_index import PublishedIndex, open_index
    from closedworld.run.outcome import RunOutcome
    from closedworld.run.pipeline import run_world
    from closedworld.stages.people.build import build_people
    from closedworld.stages.people.outcome import PublishedPeople
    from closedworld.stages.sites.build import build_sites
    from closedworld.stages.sites.outcome import PublishedSites
    from closedworld.stages.tiles.build import build_tile_index
    from closedworld.stages.tiles.outcome import TileIndex
    from closedworld.stages.weights.build import build_tile_weights
    from closedworld.stages.weights.outcome import TileWeights
    from closedworld.store.reading import Published
    from closedworld.verification import Finding, Verification, verify
    from closedworld.worlds import PublishedWorld, open_world
    from closedworld.worlds.converting.convert import Converted, convert
    from closedworld.worlds.converting.relocate import Relocated, relocate
    from closedworld.worlds.diff import CountryDifference, WorldDifference, compare_worlds
    from closedworld.worlds.duckdb_views import world_sql
    from closedworld.worlds.plotting import Picture
    from closedworld.worlds.sampled_points import SampledPoints
    from closedworld.worlds.scoring.result import Score
    from closedworld.worlds.scoring.score import score
    from closedworld.worlds.world_tiles import WorldTiles

_HOMES = {
    "Basis": "kernels.weights",
    "ClosedWorldError": "errors",
    "ConfigError": "errors",
    "Converted": "worlds.converting.convert",
    "Country": "inputs.regions.country_set",
    "CountryDifference": "worlds.diff",
    "CountrySet": "inputs.regions.country_set",
    "CountrySummary": "kernels.tiles",
    "FetchError": "errors",
    "Fetched": "inputs.reference.fetching.fetch",
    "Finding": "verification",
    "GeometryError": "errors",
    "Grid": "kernels.grid",
    "GridError": "errors",
    "InputError": "errors",
    "IntegrityError": "errors",
    "MapPage": "explore.writing",
    "Mixture": "kernels.weights",
    "Picture": "worlds.plotting",
    "PopulationRaster": "inputs.loading",
    "Progress": "execution.progress",
    "PublishError": "errors",
    "Published": "store.reading",
    "PublishedIndex": "published.tile_index",
    "PublishedPeople": "stages.people.outcome",
    "PublishedSites": "stages.sites.outcome",
    "PublishedWorld": "worlds",
    "Records": "kernels.records",
    "Relocated": "worlds.converting.relocate",
    "RemoteFile": "inputs.reference.registry",
    "RowSpans": "kernels.spans",
    "Rule": "kernels.spans",
    "RunConfig": "config.run",
    "RunOutcome": "run.outcome",
    "SampledPoints": "worlds.sampled_points",
    "Score": "worlds.scoring.result",
    "TileIndex": "stages.tiles.outcome",
    "TileWeights": "stages.weights.outcome",
    "UnitError": "errors",
    "Verification": "verification",
    "WeightSummary": "kernels.weights",
    "World": "kernels.tiles",
    "WorldDifference": "worlds.diff",
    "WorldTiles": "worlds.world_tiles",
    "apportion": "kernels.weights",
    "build_people": "stages.people.build",
    "build_sites": "stages.sites.build",
    "build_tile_index": "stages.tiles.build",
    "build_tile_weights": "stages.weights.build",
    "bundled": "inputs.reference.registry",
    "bundled_files": "inputs.reference.registry",
    "check_countries": "inputs.regions.country_reading",
    "compare_worlds": "worlds.diff",
    "convert": "worlds.converting.convert",
    "countries_from_features": "inputs.regions.country_reading",
    "enumerate_tiles": "kernels.tiles",
    "fetch": "inputs.reference.fetching.fetch",
    "find_published": "published.results",
    "load_population": "inputs.loading",
    "open_dataset": "published.results",
    "open_index": "published.tile_index",
    "open_published": "published.results",
    "open_world": "worlds",
    "read_countries": "inputs.regions.country_reading",
    "read_raster_info": "inputs.raster.info",
    "region_spans": "kernels.spans",
    "relocate": "worlds.converting.relocate",
    "remote_files": "inputs.reference.registry",
    "run_world": "run.pipeline",
    "score": "worlds.scoring.score",
    "tile_areas_cm2": "kernels.grid",
    "tile_areas_m2": "kernels.grid",
    "verify": "verification",
    "verify_bundled": "inputs.reference.registry",
    "world_sql": "worlds.duckdb_views",
}

__all__ = [
    "Basis",
    "ClosedWorldError",
    "ConfigError",
    "Converted",
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
    "MapPage",
    "Mixture",
    "Picture",
    "PopulationRaster",
    "Progress",
    "PublishError",
    "Published",
    "PublishedIndex",
    "PublishedPeople",
    "PublishedSites",
    "PublishedWorld",
    "Records",
    "Relocated",
    "RemoteFile",
    "RowSpans",
    "Rule",
    "RunConfig",
    "RunOutcome",
    "SampledPoints",
    "Score",
    "TileIndex",
    "TileWeights",
    "UnitError",
    "Verification",
    "WeightSummary",
    "World",
    "WorldDifference",
    "WorldTiles",
    "__version__",
    "apportion",
    "build_people",
    "build_sites",
    "build_tile_index",
    "build_tile_weights",
    "bundled",
    "bundled_files",
    "check_countries",
    "compare_worlds",
    "convert",
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
    "relocate",
    "remote_files",
    "run_world",
    "score",
    "tile_areas_cm2",
    "tile_areas_m2",
    "verify",
    "verify_bundled",
    "world_sql",
]


def __getattr__(name: str) -> Any:
    """Return a public name from the module that defines it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """Return the public names, imported already or not."""
    return __all__
