"""The configuration of a run: what it builds, from what, and where."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import field, fields
from pathlib import Path
from typing import Any, Self

from closedworld.bounded_read import read_toml
from closedworld.config.options import (
    CodesField,
    PathField,
    PathsField,
    options,
    refuse_file_name,
    require_name,
)
from closedworld.config.stage_options import (
    Options,
    PeopleOptions,
    PurchaseOptions,
    SiteOptions,
    TileOptions,
    WeightOptions,
)
from closedworld.config.table import ACCEPTANCE, EXECUTORS, OPTIONS, REGIONS
from closedworld.errors import ConfigError
from closedworld.sanitize import quoted

DEFAULT_INPUT_SECONDS = 600
"""Seconds that reading a polygon file may take (docs/decisions/0021-reading-apart.md)."""

_STAGE_WORKERS = re.compile(r"(s\d+)_workers")


@options
class ExecutionConfig(Options):
    """Where the work is done and what it may take; none of it changes a byte of the results.

    Attributes:
        executor: ``threads``, ``processes``, ``dask`` or ``serial``; None for threads or, in the command, what suits each stage.
        workers: Tasks run at once, >= 1; None for one per core.
        stage_workers: Workers of single stages by number, such as ``{"s1": 2}``, >= 1; a stage without
            takes ``workers``. In a TOML file: ``s1_workers = 2``.
        dask_address: Scheduler of a running Dask cluster; None to start workers on this machine.
        memory_limit: Most memory of all processes together, bytes, which caps the workers; None for no
            cap.
        pat: ``report`` whether the run kept its limits, or ``enforce`` to fail when it did not.

    Raises:
        ConfigError: ``workers``, ``executor-unknown``, ``dask-address``, ``pat-unknown``,
            ``memory-limit``.
    """

    executor: str | None = None
    workers: int | None = None
    stage_workers: Mapping[str, int] = field(default_factory=dict)
    dask_address: str | None = None
    memory_limit: int | None = None
    pat: str = ACCEPTANCE[0]

    def __post_init__(self) -> None:
        super().__post_init__()
        for stage, own in self.stage_workers.items():
            OPTIONS["workers"].number(f"{stage}_workers", own)
        for workers in (self.workers, *self.stage_workers.values()):
            if workers is not None and workers > 1 and self.executor == "serial":
                raise ConfigError(
                    "workers",
                    f"executor serial runs one task after another, but {workers} workers were asked for.",
                    "Take --executor threads or processes.",
                )
        if self.dask_address is not None and self.executor != "dask":
            raise ConfigError(
                "dask-address",
                f"a Dask address was given, but the executor is {self.executor or EXECUTORS[0]}.",
                "Add --executor dask.",
            )
        if self.memory_limit is not None and self.memory_limit < 1:
            raise ConfigError(
                "memory-limit", f"a memory limit of {self.memory_limit} bytes is too small."
            )

    def executor_for(self, preferred: str) -> str:
        """Return the executor of a stage, its own choice if none was made and memory, which processes need, has no limit."""
        return self.executor or (preferred if self.memory_limit is None else EXECUTORS[0])

    def require_stages(self, numbers: Iterable[str]) -> None:
        """Refuse workers for stages that do not exist.

        Args:
            numbers: Numbers of the stages, such as ``S1``.

        Raises:
            ConfigError: ``option-unknown``.
        """
        known = [number.lower() for number in numbers]
        unknown = sorted(set(self.stage_workers) - set(known))
        if unknown:
            raise ConfigError(
                "option-unknown",
                f"workers are given for unknown stages: {', '.join(map(quoted, unknown[:10]))}.",
                f"Stages with workers of their own: {', '.join(known)}.",
            )


@options
class InputOptions(Options):
    """Which countries to build, on which grid.

    Attributes:
        polygons: File of country polygons; None for the bundled Natural Earth countries.
        layer: Layer of the polygon file, when it has several.
        iso_column: Column of ISO 3166-1 codes; None to find it by common names.
        code_column: Column of codes of other regions, with ``regions="any"``.
        regions: ``iso`` for countries, ``any`` for regions with codes of their own.
        name_column: Column of country names; None to find it by name.
        countries: Alpha-2 codes to read and build; empty for all.
        except_countries: Codes to leave out.
        fill: Take invalid polygons as they are, by this fill rule; None refuses them.
        repair_geometry: Repair invalid polygons and report it.
        skip_unknown_codes: Leave out rows without an ISO code and report it.
        skip_bad_rows: Leave out rows with any problem and report it.
        assume_wgs84: Take other reference systems within metres of WGS 84, or none, for WGS 84.
        input_time_limit: Seconds that reading and checking the polygon file may take, >= 1.
        raster: GeoTIFF whose grid is used, or several aligned ones and folders of them that are taken as one:
            where several cover a cell, the first with people counts; empty for the resolution or the bundled raster.
        band: Band of the raster that has the people, 1 for the first; None for the first, with a warning if
            there are others.
        resolution: Cell size of a global grid, such as ``30s``; None to take a raster's grid.

    Raises:
        ConfigError: ``grid-ambiguous``, ``time-limit``, ``raster-band``.
    """

    polygons: PathField = PathField()
    layer: str | None = None
    iso_column: str | None = None
    code_column: str | None = None
    regions: str = REGIONS[0]
    name_column: str | None = None
    countries: CodesField = CodesField()
    except_countries: CodesField = CodesField()
    fill: str | None = None
    repair_geometry: bool = False
    skip_unknown_codes: bool = False
    skip_bad_rows: bool = False
    assume_wgs84: bool = False
    input_time_limit: int = DEFAULT_INPUT_SECONDS
    raster: PathsField = PathsField()
    band: int | None = None
    resolution: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.raster and self.resolution is not None:
            raise ConfigError(
                "grid-ambiguous",
                f"both a raster ({self.raster[0]}) and a resolution ({self.resolution}) define the grid.",
                "Keep one of the two.",
            )


@options
class RunConfig(
    InputOptions,
    TileOptions,
    WeightOptions,
    SiteOptions,
    PeopleOptions,
    PurchaseOptions,
    ExecutionConfig,
):
    """What to build, from what, and where to write it: the options of inputs, stages and execution, and these.

    Attributes:
        result: A published result to build on: an output folder, a name or a ``parameter_hash=...``
            folder. It decides countries, grid and tiles, whose options cannot be given then; ``raster``
            is the population raster of its grid. None to start from the inputs.
        out: Output folder; None for that of ``result`` or, without one, ``world``.
        name: Name of the result; None for ``latest`` alone.
        lock: File that pins the inputs by digest; None to use them unchecked.

    Raises:
        ConfigError: ``name-invalid``, ``output-format``, ``fill-coverage``, ``coverage-missing``, ``result-and-inputs``, or as the
            options.
    """

    result: PathField = PathField()
    out: PathField = PathField()
    name: str | None = None
    lock: PathField = PathField()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.name is not None:
            require_name(self.name)
        if self.out is not None:
            refuse_file_name(self.out)
        if self.result is not None:
            self._require_no_inputs()
        elif self.fill is not None and self.coverage:
            raise ConfigError(
                "fill-coverage",
                f"fill rule {self.fill} says which tiles share an area with rings that cross, not how much of it.",
                "Leave out --coverage, or take --repair-geometry instead of --fill.",
            )
        elif self.weigh_by_coverage and not self.coverage:
            raise ConfigError(
                "coverage-missing",
                "weights are to count coverage, but the tiles are built without it.",
                "Add --coverage.",
            )

    def _require_no_inputs(self) -> None:
        """Refuse options of what the published result has decided."""
        defaults = {one.name: one.default for one in fields(self)}
        given = [name for name in _OF_TILES if getattr(self, name) != defaults[name]]
        if given:
            raise ConfigError(
                "result-and-inputs",
                f"{', '.join(given)} cannot be given again: {self.result} was built with its own.",
                "Leave them out, or build a new world from the inputs.",
            )

    def to_dict(self) -> dict[str, Any]:
        """Return the configuration as JSON holds it, with the keys of a TOML file.

        What a published result has decided is left out.
        """
        content = {one.name: getattr(self, one.name) for one in fields(self)}
        for name in ("result",) if self.result is None else _OF_TILES:
            del content[name]
        for stage, workers in content.pop("stage_workers").items():
            content[f"{stage}_workers"] = workers
        return {name: _json_value(value) for name, value in content.items()}

    @classmethod
    def from_toml(cls, path: Path | str) -> Self:
        """Return the configuration in a TOML file; missing options have their defaults.

        Keys are the option names with underscores. Paths are relative to the file's folder.

        Raises:
            ConfigError: ``config-missing``, ``config-syntax``, ``option-unknown``, ``option-type``,
                or as the class.
        """
        path = Path(path)
        content = read_toml(path)
        stages = {name: found[1] for name in content if (found := _STAGE_WORKERS.fullmatch(name))}
        unknown = sorted(set(content) - set(OPTIONS) - set(stages))
        if unknown:
            raise ConfigError(
                "option-unknown",
                f"{path} has no option {', '.join(map(quoted, unknown[:10]))}.",
                f"There are {', '.join(sorted(OPTIONS))}, and s1_workers, s2_workers and so on.",
            )
        given = {
            name: OPTIONS["workers" if name in stages else name].from_toml(name, value, path)
            for name, value in content.items()
        }
        stage_workers = {stage: given.pop(name) for name, stage in stages.items()}
        return cls(**given, stage_workers=stage_workers)


_OF_TILES = (
    "countries",
    "except_countries",
    "resolution",
    *(one.name for one in fields(TileOptions)),
)
"""Options that decide which tiles there are."""


def _json_value(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_json_value(one) for one in value]
    return str(value) if isinstance(value, Path) else value
