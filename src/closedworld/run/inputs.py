"""S0: open, check and digest the inputs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from closedworld.countries import input_files, read_countries
from closedworld.digests import sha256_of_file
from closedworld.execution.events import InputLoaded, Warned
from closedworld.grid import Grid, read_raster_info
from closedworld.reference import bundled, verify_bundled

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from closedworld.config import RunConfig
    from closedworld.countries import CountrySet
    from closedworld.execution.events import Observer

BUNDLED_COUNTRIES = "countries.parquet"
BUNDLED_RASTER = "population_5m.tif"


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the stages work on.

    Attributes:
        countries: The countries to build.
        grid: The lattice.
        attribution: Credit to show with pictures of the countries; empty for the user's own.
    """

    countries: CountrySet
    grid: Grid
    attribution: str


def load_inputs(config: RunConfig, observer: Observer) -> Inputs:
    """Return the inputs that a configuration names; what it does not name is bundled.

    Raises:
        ConfigError, InputError, GeometryError, GridError: As the readers.
        IntegrityError: A bundled file was changed.
    """
    attribution = bundled(BUNDLED_COUNTRIES).attribution if config.polygons is None else ""
    return Inputs(_countries(config, observer), _grid(config, observer), attribution)


def _countries(config: RunConfig, observer: Observer) -> CountrySet:
    """Return the countries asked for."""
    began = time.perf_counter()
    path = config.polygons or verify_bundled(BUNDLED_COUNTRIES).path
    countries = read_countries(
        path,
        iso_column=config.iso_column,
        name_column=config.name_column,
        layer=config.layer,
        repair_geometry=config.repair_geometry,
        skip_unknown_codes=config.skip_unknown_codes,
    )
    if config.countries:
        countries = countries.select(config.countries)
    detail = f"{len(countries)} countries"
    _report("countries", input_files(path), len(countries), detail, began, observer)
    for note in countries.notes:
        observer.on_event(Warned(f"countries-{note.kind}", note.message))
    return countries


def _grid(config: RunConfig, observer: Observer) -> Grid:
    """Return the grid asked for."""
    began = time.perf_counter()
    if config.resolution is not None:
        grid = Grid.from_resolution(config.resolution)
        seconds = time.perf_counter() - began
        observer.on_event(
            InputLoaded("resolution", config.resolution, 0, grid.n_rows, {}, str(grid), seconds)
        )
        return grid
    path = config.raster or verify_bundled(BUNDLED_RASTER).path
    info = read_raster_info(path)
    detail = f"grid of {info.grid}; {info.bands} band(s) of {info.dtype}, not read by S1"
    _report("raster", [path], info.grid.n_rows, detail, began, observer)
    return info.grid


def _report(
    role: str, paths: Iterable[Path], rows: int, detail: str, began: float, observer: Observer
) -> None:
    """Tell the observer of files that were loaded."""
    files = list(paths)
    observer.on_event(
        InputLoaded(
            role=role,
            path=str(files[0]),
            size_bytes=sum(path.stat().st_size for path in files),
            rows=rows,
            sha256={path.name: sha256_of_file(path) for path in files},
            detail=detail,
            seconds=time.perf_counter() - began,
        )
    )
