"""closedworld: raster cells per country, exactly and fast.

The names below are imported on first use, so that ``closedworld --help`` stays quick.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if sys.platform == "win32":
    # Results appear by locks and renames that only POSIX has.
    raise ImportError("closedworld runs on Linux and macOS; on Windows, install and run it in WSL.")

if TYPE_CHECKING:
    from closedworld._version import __version__ as __version__
    from closedworld.config.run import RunConfig as RunConfig
    from closedworld.errors import ClosedWorldError as ClosedWorldError
    from closedworld.errors import ConfigError as ConfigError
    from closedworld.errors import FetchError as FetchError
    from closedworld.errors import GeometryError as GeometryError
    from closedworld.errors import GridError as GridError
    from closedworld.errors import InputError as InputError
    from closedworld.errors import IntegrityError as IntegrityError
    from closedworld.errors import PublishError as PublishError
    from closedworld.errors import UnitError as UnitError
    from closedworld.execution.progress import Progress as Progress
    from closedworld.explore.writing import MapPage as MapPage
    from closedworld.inputs.loading import PopulationRaster as PopulationRaster
    from closedworld.inputs.loading import load_population as load_population
    from closedworld.inputs.raster.info import read_raster_info as read_raster_info
    from closedworld.inputs.reference.fetching.fetch import Fetched as Fetched
    from closedworld.inputs.reference.fetching.fetch import fetch as fetch
    from closedworld.inputs.reference.registry import RemoteFile as RemoteFile
    from closedworld.inputs.reference.registry import bundled as bundled
    from closedworld.inputs.reference.registry import bundled_files as bundled_files
    from closedworld.inputs.reference.registry import remote_files as remote_files
    from closedworld.inputs.reference.registry import verify_bundled as verify_bundled
    from closedworld.inputs.regions.country_reading import check_countries as check_countries
    from closedworld.inputs.regions.country_reading import (
        countries_from_features as countries_from_features,
    )
    from closedworld.inputs.regions.country_reading import read_countries as read_countries
    from closedworld.inputs.regions.country_set import Country as Country
    from closedworld.inputs.regions.country_set import CountrySet as CountrySet
    from closedworld.kernels.grid import Grid as Grid
    from closedworld.kernels.grid import tile_areas_cm2 as tile_areas_cm2
    from closedworld.kernels.grid import tile_areas_m2 as tile_areas_m2
    from closedworld.kernels.records import Records as Records
    from closedworld.kernels.spans import RowSpans as RowSpans
    from closedworld.kernels.spans import Rule as Rule
    from closedworld.kernels.spans import region_spans as region_spans
    from closedworld.kernels.tiles import CountrySummary as CountrySummary
    from closedworld.kernels.tiles import World as World
    from closedworld.kernels.tiles import enumerate_tiles as enumerate_tiles
    from closedworld.kernels.weights import Basis as Basis
    from closedworld.kernels.weights import Mixture as Mixture
    from closedworld.kernels.weights import WeightSummary as WeightSummary
    from closedworld.kernels.weights import apportion as apportion
    from closedworld.published.results import find_published as find_published
    from closedworld.published.results import open_dataset as open_dataset
    from closedworld.published.results import open_published as open_published
    from closedworld.published.tile_index import PublishedIndex as PublishedIndex
    from closedworld.published.tile_index import open_index as open_index
    from closedworld.run.outcome import RunOutcome as RunOutcome
    from closedworld.run.pipeline import run_world as run_world
    from closedworld.stages.people.build import build_people as build_people
    from closedworld.stages.people.outcome import PublishedPeople as PublishedPeople
    from closedworld.stages.purchases.build import build_purchases as build_purchases
    from closedworld.stages.purchases.outcome import PublishedPurchases as PublishedPurchases
    from closedworld.stages.sites.build import build_sites as build_sites
    from closedworld.stages.sites.outcome import PublishedSites as PublishedSites
    from closedworld.stages.tiles.build import build_tile_index as build_tile_index
    from closedworld.stages.tiles.outcome import TileIndex as TileIndex
    from closedworld.stages.weights.build import build_tile_weights as build_tile_weights
    from closedworld.stages.weights.outcome import TileWeights as TileWeights
    from closedworld.store.reading import Published as Published
    from closedworld.verification import Finding as Finding
    from closedworld.verification import Verification as Verification
    from closedworld.verification import verify as verify
    from closedworld.worlds import PublishedWorld as PublishedWorld
    from closedworld.worlds import open_world as open_world
    from closedworld.worlds.converting.convert import Converted as Converted
    from closedworld.worlds.converting.convert import convert as convert
    from closedworld.worlds.converting.relocate import Relocated as Relocated
    from closedworld.worlds.converting.relocate import relocate as relocate
    from closedworld.worlds.diff import CountryDifference as CountryDifference
    from closedworld.worlds.diff import WorldDifference as WorldDifference
    from closedworld.worlds.diff import compare_worlds as compare_worlds
    from closedworld.worlds.duckdb_views import world_sql as world_sql
    from closedworld.worlds.plotting import Picture as Picture
    from closedworld.worlds.sampled_points import SampledPoints as SampledPoints
    from closedworld.worlds.scoring.result import Score as Score
    from closedworld.worlds.scoring.score import score as score
    from closedworld.worlds.world_tiles import WorldTiles as WorldTiles

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
    "PublishedPurchases": "stages.purchases.outcome",
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
    "__version__": "_version",
    "apportion": "kernels.weights",
    "build_people": "stages.people.build",
    "build_purchases": "stages.purchases.build",
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

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    """Return a public name from the module that defines it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """Return the public names, imported already or not."""
    return __all__
