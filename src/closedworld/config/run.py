"""The configurations: what a run builds, and how published tiles are weighted."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from closedworld.bounded_read import read_small_file
from closedworld.config.options import require_name
from closedworld.config.table import ACCEPTANCE, EXECUTORS, OPTIONS
from closedworld.errors import ConfigError
from closedworld.kernels.inclusion import Rule
from closedworld.sanitize import library_message, quoted

DEFAULT_DP = 12
"""Decimal places of the weights (docs/decisions/0010-weights.md)."""

DEFAULT_INPUT_SECONDS = 600
"""Seconds that reading a polygon file may take (docs/decisions/0021-reading-apart.md)."""

_STAGE_WORKERS = re.compile(r"(s\d+)_workers")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionConfig:
    """Where the work is done and what it may take; none of it changes a byte of the results.

    Attributes:
        executor: ``threads``, ``processes``, ``dask`` or ``serial``.
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

    executor: str = EXECUTORS[0]
    workers: int | None = None
    stage_workers: Mapping[str, int] = field(default_factory=dict)
    dask_address: str | None = None
    memory_limit: int | None = None
    pat: str = ACCEPTANCE[0]

    def __post_init__(self) -> None:
        """Refuse what cannot be meant; paths may be texts, and codes a text or a list."""
        for name, option in OPTIONS.items():
            if hasattr(self, name):
                object.__setattr__(self, name, option.from_python(getattr(self, name)))
        for name in ("executor", "pat"):
            OPTIONS[name].require_choice(name, getattr(self, name))
        for workers in (self.workers, *self.stage_workers.values()):
            if workers is not None and workers < 1:
                raise ConfigError("workers", f"{workers} workers do no work.", "Take 1 or more.")
            if workers is not None and workers > 1 and self.executor == "serial":
                raise ConfigError(
                    "workers",
                    f"executor serial runs one task after another, but {workers} workers were asked for.",
                    "Take --executor threads or processes.",
                )
        if self.dask_address is not None and self.executor != "dask":
            raise ConfigError(
                "dask-address",
                f"a Dask address was given, but the executor is {self.executor}.",
                "Add --executor dask.",
            )
        if self.memory_limit is not None and self.memory_limit < 1:
            raise ConfigError("memory-limit", f"{self.memory_limit} bytes hold nothing.")

    @property
    def in_processes(self) -> bool:
        """Whether each worker is a process of its own."""
        return self.executor in {"processes", "dask"}

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
                f"there is no stage {', '.join(map(quoted, unknown[:10]))} to have workers.",
                f"Stages with workers of their own: {', '.join(known)}.",
            )

    def to_dict(self) -> dict[str, Any]:
        """Return the configuration as JSON holds it, with the keys of a TOML file."""
        content = {one.name: getattr(self, one.name) for one in fields(self)}
        for stage, workers in content.pop("stage_workers").items():
            content[f"{stage}_workers"] = workers
        return {name: _json_value(value) for name, value in content.items()}


@dataclass(frozen=True, slots=True)
class RunConfig(ExecutionConfig):
    """What to build, from which inputs, and where to write it.

    Attributes:
        polygons: File of country polygons; None for the bundled Natural Earth countries.
        layer: Layer of the polygon file, when it has several.
        iso_column: Column of ISO 3166-1 codes; None to find it by common names.
        name_column: Column of country names; None to find it by name.
        countries: Alpha-2 codes to build; empty for all.
        repair_geometry: Repair invalid polygons and report it.
        skip_unknown_codes: Leave out rows without an ISO code and report it.
        input_time_limit: Seconds that reading and checking the polygon file may take, >= 1.
        raster: GeoTIFF whose grid is used; None for the resolution or the bundled raster.
        resolution: Cell size of a global grid, such as ``30s``; None to take a raster's grid.
        rule: Inclusion rule, ``center`` or ``any_overlap``.
        keep_small_countries: Give a country without tiles the tile of its representative point.
        coverage: Publish the share of each tile that lies in its country; with ``any_overlap``.
        basis: Basis or mixture of the weights; None for ``population`` with a raster, else ``area_m2``.
        dp: Decimal places of the weights, 0..18.
        weigh_by_coverage: Multiply masses by coverage.
        out: Output folder.
        name: Name of the result; None for ``latest`` alone.
        lock: File that pins the inputs by digest; None to use them unchecked.

    Raises:
        ConfigError: ``name-invalid``, ``grid-ambiguous``, ``rule-unknown``, ``coverage-rule``, ``coverage-missing``,
            ``time-limit``, or as ``ExecutionConfig``.
    """

    polygons: Path | None = None
    layer: str | None = None
    iso_column: str | None = None
    name_column: str | None = None
    countries: tuple[str, ...] = ()
    repair_geometry: bool = False
    skip_unknown_codes: bool = False
    input_time_limit: int = DEFAULT_INPUT_SECONDS
    raster: Path | None = None
    resolution: str | None = None
    rule: str = Rule.CENTER.value
    keep_small_countries: bool = False
    coverage: bool = False
    basis: str | None = None
    dp: int = DEFAULT_DP
    weigh_by_coverage: bool = False
    out: Path = Path("world")
    name: str | None = None
    lock: Path | None = None

    def __post_init__(self) -> None:
        """Refuse combinations that cannot be meant."""
        ExecutionConfig.__post_init__(self)
        if self.name is not None:
            require_name(self.name)
        rule = Rule.parse(self.rule)
        if self.raster is not None and self.resolution is not None:
            raise ConfigError(
                "grid-ambiguous",
                f"both a raster ({self.raster}) and a resolution ({self.resolution}) define the grid.",
                "Keep one of the two.",
            )
        if self.input_time_limit < 1:
            raise ConfigError(
                "time-limit",
                f"{self.input_time_limit} seconds are too few to read a file.",
                "Take 1 or more.",
            )
        if self.coverage and rule is not Rule.ANY_OVERLAP:
            raise ConfigError(
                "coverage-rule",
                f"coverage needs every tile that a country shares, and rule {self.rule} leaves some out.",
                "Take --rule any_overlap.",
            )
        if self.weigh_by_coverage and not self.coverage:
            raise ConfigError(
                "coverage-missing",
                "weights are to count coverage, but the tiles are built without it.",
                "Add --coverage.",
            )

    @classmethod
    def from_toml(cls, path: Path) -> Self:
        """Return the configuration in a TOML file; missing options have their defaults.

        Keys are the option names with underscores. Paths are relative to the file's folder.

        Raises:
            ConfigError: ``config-missing``, ``config-syntax``, ``option-unknown``, ``option-type``,
                or as the class.
        """
        try:
            content = tomllib.loads(read_small_file(path).decode())
        except OSError as error:
            raise ConfigError(
                "config-missing", f"{path} cannot be read: {error.strerror}."
            ) from error
        except (ValueError, RecursionError) as error:
            # ValueError: what tomllib and the decoding raise, and numbers of too many digits.
            raise ConfigError(
                "config-syntax", f"{path} is not TOML: {library_message(error)}."
            ) from error
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


@dataclass(frozen=True, slots=True)
class WeightsConfig(ExecutionConfig):
    """Which published tiles to weight, how, and where to write the weights.

    Attributes:
        index: Folder that holds the published tile index.
        raster: Population raster; None for the bundled one, if the index is on its grid.
        basis: Basis or mixture of the weights; None for ``population`` with a raster, else ``area_m2``.
        dp: Decimal places of the weights, 0..18.
        weigh_by_coverage: Multiply masses by coverage.
        out: Output folder; None for that of the index.
        name: Name of the result; None for ``latest`` alone.
        lock: File that pins the raster by digest; None to use it unchecked.

    Raises:
        ConfigError: ``name-invalid``, or as ``ExecutionConfig``.
    """

    index: Path
    raster: Path | None = None
    basis: str | None = None
    dp: int = DEFAULT_DP
    weigh_by_coverage: bool = False
    out: Path | None = None
    name: str | None = None
    lock: Path | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be meant; paths may be texts."""
        ExecutionConfig.__post_init__(self)
        object.__setattr__(self, "index", Path(self.index))
        if self.name is not None:
            require_name(self.name)


def _json_value(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, Path) else value
