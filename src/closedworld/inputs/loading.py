"""S0: opens, checks and seals the inputs by SHA-256, and emits what it read."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from closedworld.config.run import RunConfig
from closedworld.errors import ConfigError
from closedworld.execution.events import (
    InputLoaded,
    NullObserver,
    Observer,
    PolygonsRepaired,
    Warned,
)
from closedworld.execution.meters import bytes_read, bytes_read_since, peak_memory_bytes
from closedworld.inputs.isolated import READ_ARGUMENTS, IsolatedRead, check_in_subprocess
from closedworld.inputs.raster.info import RasterInfo, Rasters, raster_files, read_raster_info
from closedworld.inputs.raster.pixels import PixelLayout, read_pixel_layout
from closedworld.inputs.raster.spreading import Spreading
from closedworld.inputs.reference.registry import ReferenceFile, bundled, verify_bundled
from closedworld.inputs.regions.country_reading import read_countries
from closedworld.inputs.regions.country_set import CountrySet
from closedworld.inputs.regions.region_files import input_files
from closedworld.kernels.grid import Grid
from closedworld.sanitize import number_of
from closedworld.store.file_digests import digest_of_rasters, sha256_of_file

BUNDLED_COUNTRIES = "countries.parquet"
BUNDLED_RASTER = "population_5m.tif"

_SIDECARS = (".msk", ".aux.xml")


@dataclass(frozen=True, slots=True)
class InputReading:
    """The reading of an input, from now until it is emitted."""

    role: str
    observer: Observer
    began: float = field(default_factory=time.perf_counter)
    read_before: int | None = field(default_factory=bytes_read)

    def emit_raster(self, info: RasterInfo) -> str:
        """Emit that a raster was loaded; return its SHA-256."""
        detail = f"grid of {info.grid}; {info.bands} band(s) of {info.dtype}, NODATA {info.nodata}"
        files = info.files
        if len(files) > 1:
            detail = f"{len(files)} rasters as one, {detail}"
        digests = self.emit(files, info.grid.n_rows, detail)
        digest = digest_of_rasters(list(digests.values()))
        for note in info.notes:
            self.observer.on_event(note)
        return digest

    def emit(
        self, files: Sequence[Path], rows: int, detail: str, isolated: IsolatedRead | None = None
    ) -> dict[str, str]:
        """Emit that files were loaded; return the SHA-256 of each by file name."""
        read = bytes_read_since(self.read_before) if isolated is None else isolated.bytes_read
        # Parts of a table may have one name in several folders.
        base = os.path.commonpath([path.absolute().parent for path in files])
        digests = {
            path.absolute().relative_to(base).as_posix(): sha256_of_file(path) for path in files
        }
        self.observer.on_event(
            InputLoaded(
                role=self.role,
                path=str(files[0]),
                size_bytes=sum(path.stat().st_size for path in files),
                bytes_read=read,
                rows=rows,
                sha256=digests,
                detail=detail,
                seconds=time.perf_counter() - self.began,
                reader_peak_bytes=None if isolated is None else isolated.peak_memory_bytes,
                main_peak_bytes=peak_memory_bytes(),
            )
        )
        return digests


@dataclass(frozen=True, slots=True)
class Inputs:
    """The inputs of the stages.

    Attributes:
        countries: The countries to build; None in a run from a published result that does not need them.
        grid: The grid.
        attribution: Credit to show with pictures of the countries; empty for the user's own.
        has_raster: Whether there is a population raster.
        population: The population raster; None when its values are not needed.
        own: What only one stage reads, by the name of the stage.
    """

    countries: CountrySet | None
    grid: Grid
    attribution: str
    has_raster: bool
    population: PopulationRaster | None = None
    own: Mapping[str, Any] = field(default_factory=dict)

    @property
    def own_codes(self) -> tuple[str, ...] | None:
        """The codes of regions that are not countries; None when codes are those of ISO 3166-1."""
        return None if self.countries is None else self.countries.own_codes


@dataclass(frozen=True, slots=True)
class PopulationRaster:
    """A raster of the number of people in each cell.

    Attributes:
        layout: The file and how its pixels are stored.
        sha256: Digest of the file, lower-case hex.
    """

    layout: PixelLayout
    sha256: str


def load_inputs(
    config: RunConfig,
    observer: Observer,
    wanted: Collection[str],
    grid: Grid | None,
    *,
    has_raster: bool,
) -> Inputs:
    """Return the inputs that a configuration names, bundled ones for what it does not name.

    Args:
        config: What to build.
        observer: Gets an event for each input.
        wanted: ``countries``, ``population`` (the values of the raster).
        grid: That of a published result; None for that of the configuration.
        has_raster: Whether there is a population raster, where weights depend on it.

    Raises:
        ConfigError, InputError, GeometryError, GridError: As the readers.
        IntegrityError: A bundled file was changed.
    """
    if config.raster:
        # Before the polygons, which may take minutes.
        read_raster_info(config.raster, config.band or 1)
    countries, credit, population = None, "", None
    if "countries" in wanted:
        countries = load_countries(config, observer)
        credit = bundled(BUNDLED_COUNTRIES).attribution if config.polygons is None else ""
    if "population" in wanted:
        if not config.raster and (grid is not None or config.resolution is not None):
            grid = grid or _grid_of(config, observer)
            population = load_spread_population(grid, observer)
        else:
            population = load_population(config.raster or None, observer, band=config.band)
    if grid is None:
        grid = _grid_of(config, observer) if population is None else population.layout.info.grid
    return Inputs(countries, grid, credit, has_raster, population)


def has_population(config: RunConfig, grid: Grid | None) -> bool:
    """Return whether there is a population raster: one that is named, or the bundled one, spread over the grid.

    Args:
        config: What to build.
        grid: That of a published result; None for that of the configuration.
    """
    if grid is None or config.raster:
        return True
    raster = read_raster_info(bundled(BUNDLED_RASTER).path).grid
    return Spreading.between(raster, grid) is not None


def sources_of(config: RunConfig) -> tuple[ReferenceFile, ...]:
    """Return the registered files that the countries of a run from the inputs come from; not the user's own."""
    return (bundled(BUNDLED_COUNTRIES),) if config.polygons is config.result is None else ()


def files_of(config: RunConfig, wanted: Collection[str]) -> tuple[Path, ...]:
    """Return the files that a configuration reads for some inputs.

    Args:
        config: What to build.
        wanted: As for ``load_inputs``, and ``grid``.

    Raises:
        InputError: ``input-missing``, ``input-not-a-file``, ``input-format``.
    """
    files: list[Path] = []
    if "countries" in wanted:
        files += input_files(config.polygons or bundled(BUNDLED_COUNTRIES).path)
    if "population" in wanted or ("grid" in wanted and config.resolution is None):
        files += raster_files(config.raster or bundled(BUNDLED_RASTER).path)
    return tuple(files)


def load_population(
    path: Rasters | None = None, observer: Observer | None = None, *, band: int | None = None
) -> PopulationRaster:
    """Return a population raster, by default the bundled one; no pixels are read.

    Args:
        path: A GeoTIFF, a folder of aligned ones, or several of either, which are taken as one.
        observer: Receives an event.
        band: Which band is read, 1 for the first; None for the first, with a warning if there are others.

    Raises:
        InputError, GridError: As ``read_pixel_layout``.
        IntegrityError: The bundled file was changed.
    """
    observer = observer or NullObserver()
    path = verify_bundled(BUNDLED_RASTER).path if path is None else path
    reading = InputReading("raster", observer)
    layout = read_pixel_layout(path, band or 1)
    info = layout.info
    digest = reading.emit_raster(info)
    if info.bands > 1 and band is None:
        observer.on_event(
            Warned(
                "raster-bands",
                f"{info.name} has {info.bands} bands; the first one counts. Choose one with --band.",
            )
        )
    sidecars = [file.with_name(file.name + suffix) for file in info.files for suffix in _SIDECARS]
    for sidecar in filter(Path.exists, sidecars):
        observer.on_event(
            Warned(
                "raster-sidecar",
                f"{sidecar} is ignored: the NODATA, scale or masks that it states have no effect. "
                "Write it into the raster with gdal_translate.",
            )
        )
    return PopulationRaster(layout, digest)


def load_spread_population(grid: Grid, observer: Observer) -> PopulationRaster:
    """Return the bundled population on a grid, with a warning where the people of a cell are spread evenly over others.

    Cells that are whole multiples of the bundled ones get the exact sum, which is as good as a raster of their own.

    Raises:
        ConfigError: ``basis-needs-raster``: the grid is not of the whole globe, or of odd cells.
        IntegrityError: The bundled file was changed.
    """
    population = load_population(None, observer)
    raster = population.layout.info.grid
    if raster.is_same_lattice(grid):
        return population
    layout = population.layout.spread_over(grid)
    if layout is None:
        raise ConfigError(
            "basis-needs-raster",
            f"the bundled population cannot be spread over a grid of {grid}.",
            "Take a grid of the whole globe whose cells divide those of the bundled population "
            f"({raster.cell_width * 3600:,.6g} arc-seconds), such as --resolution 5s or 10s; or give a raster "
            "with --raster; or take --basis area_m2 or uniform.",
        )
    spreading = Spreading.between(raster, grid)
    if spreading is not None and not spreading.adds_whole_pixels:
        seconds = (f"{one.cell_width * 3600:,.6g}" for one in (raster, grid))
        observer.on_event(
            Warned(
                "population-spread",
                "no raster was given: the people are those of the bundled model, whose cells of "
                "{} arc-seconds are spread evenly over those of {}. A raster of the grid's own "
                "(--raster) places them better.".format(*seconds),
            )
        )
    return replace(population, layout=layout)


def load_countries(config: RunConfig, observer: Observer) -> CountrySet:
    """Return the countries that a configuration names.

    Raises:
        ConfigError, InputError, GeometryError: As ``read_countries``.
        IntegrityError: The bundled file was changed.
    """
    path = config.polygons or verify_bundled(BUNDLED_COUNTRIES).path
    reading, isolated = InputReading("countries", observer), None
    if config.polygons is None:
        countries = read_countries(
            path, countries=config.countries, except_countries=config.except_countries
        )
    else:
        isolated = check_in_subprocess(
            path,
            progress=lambda done, total: observer.on_event(PolygonsRepaired(done, total)),
            **{name: getattr(config, name) for name in READ_ARGUMENTS},
        )
        countries = isolated.check.require()
    reading.emit(
        input_files(path),
        len(countries),
        number_of(len(countries), "country", "countries"),
        isolated,
    )
    for note in countries.notes:
        observer.on_event(Warned(f"countries-{note.kind}", note.message))
    return countries


def _grid_of(config: RunConfig, observer: Observer) -> Grid:
    if config.resolution is None:
        reading = InputReading("raster", observer)
        info = read_raster_info(config.raster or verify_bundled(BUNDLED_RASTER).path)
        reading.emit_raster(info)
        return info.grid
    began = time.perf_counter()
    grid = Grid.from_resolution(config.resolution)
    seconds = time.perf_counter() - began
    observer.on_event(
        InputLoaded("resolution", config.resolution, 0, None, grid.n_rows, {}, str(grid), seconds)
    )
    return grid
