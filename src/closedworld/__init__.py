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

_NAMES = {
    "_version": "__version__",
    "config.run": "RunConfig",
    "errors": "ClosedWorldError ConfigError FetchError GeometryError GridError InputError IntegrityError PublishError UnitError",
    "execution.progress": "Progress",
    "explore.writing": "MapPage",
    "inputs.loading": "PopulationRaster load_population",
    "inputs.raster.info": "read_raster_info",
    "inputs.reference.fetching.fetch": "Fetched fetch",
    "inputs.reference.registry": "RemoteFile bundled bundled_files remote_files verify_bundled",
    "inputs.regions.country_reading": "check_countries countries_from_features read_countries",
    "inputs.regions.country_set": "Country CountrySet",
    "kernels.grid": "Grid tile_areas_cm2 tile_areas_m2",
    "kernels.records": "Records",
    "kernels.spans": "RowSpans Rule region_spans",
    "kernels.tiles": "CountrySummary World enumerate_tiles",
    "kernels.weights": "Basis Mixture WeightSummary apportion",
    "published.results": "find_published open_dataset open_published",
    "published.tile_index": "PublishedIndex open_index",
    "run.outcome": "RunOutcome",
    "run.pipeline": "run_world",
    "stages.people.build": "build_people",
    "stages.people.outcome": "PublishedPeople",
    "stages.purchases.build": "build_purchases",
    "stages.purchases.outcome": "PublishedPurchases",
    "stages.sites.build": "build_sites",
    "stages.sites.outcome": "PublishedSites",
    "stages.tiles.build": "build_tile_index",
    "stages.tiles.outcome": "TileIndex",
    "stages.weights.build": "build_tile_weights",
    "stages.weights.outcome": "TileWeights",
    "store.reading": "Published",
    "verification": "Finding Verification verify",
    "worlds": "PublishedWorld open_world",
    "worlds.converting.convert": "Converted convert",
    "worlds.converting.relocate": "Relocated relocate",
    "worlds.diff": "CountryDifference WorldDifference compare_worlds",
    "worlds.duckdb_views": "world_sql",
    "worlds.plotting": "Picture",
    "worlds.sampled_points": "SampledPoints",
    "worlds.scoring.result": "Score",
    "worlds.scoring.score": "score",
    "worlds.world_tiles": "WorldTiles",
}
"""Public names by the module that defines them."""

_HOMES = dict(sorted((name, home) for home, names in _NAMES.items() for name in names.split()))

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    """Return a public name from the module that defines it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """Return the public names, imported already or not."""
    return __all__
