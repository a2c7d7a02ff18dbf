"""The configuration of a run: one frozen value, from options or a TOML file."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

from closedworld.bounded_read import read_small_file
from closedworld.errors import ConfigError
from closedworld.sanitize import library_message, quoted

RULES = ("center", "any_overlap")
EXECUTORS = ("threads", "processes", "dask", "serial")
"""Where units of work are done; the first is the default (docs/decisions/0017-executors.md)."""

ACCEPTANCE = ("report", "enforce")
"""What becomes of a run that breaks a limit of the acceptance: it is told, or the run fails."""
DEFAULT_OUT = Path("world")
LOCK_NAME = "closedworld.lock"
DEFAULT_DP = 12
"""Decimal places of the weights (docs/decisions/0010-weights.md)."""

DEFAULT_INPUT_SECONDS = 600
"""Seconds that reading a polygon file may take (docs/decisions/0021-reading-apart.md)."""

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?i?b)", re.IGNORECASE)
_BYTES_PER_UNIT = {
    "b": 1,
    **{f"{prefix}b": 1000**power for power, prefix in enumerate("kmgt", 1)},
    **{f"{prefix}ib": 1024**power for power, prefix in enumerate("kmgt", 1)},
}

_PATHS = {"polygons", "raster", "out", "lock"}
_MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionConfig:
    """Where the work is done and what it may take; none of it changes a byte of the results.

    Attributes:
        executor: ``threads``, ``processes``, ``dask`` or ``serial``.
        workers: Units of work done at once, >= 1; None for one per core.
        s1_workers: Workers of S1; None for ``workers``.
        s2_workers: Workers of S2; None for ``workers``.
        dask_address: Scheduler of a running Dask cluster; None to start workers on this machine.
        memory_limit: Most memory of all processes together, bytes, which caps the workers; None for no
            cap.
        pat: ``report`` to tell whether the run kept its limits, ``enforce`` to fail when it did not.

    Raises:
        ConfigError: ``workers``, ``executor-unknown``, ``dask-address``, ``pat-unknown``,
            ``memory-limit``.
    """

    executor: str = EXECUTORS[0]
    workers: int | None = None
    s1_workers: int | None = None
    s2_workers: int | None = None
    dask_address: str | None = None
    memory_limit: int | None = None
    pat: str = ACCEPTANCE[0]

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        for workers in (self.workers, self.s1_workers, self.s2_workers):
            if workers is not None and workers < 1:
                raise ConfigError("workers", f"{workers} workers do no work.", "Take 1 or more.")
            if workers is not None and workers > 1 and self.executor == "serial":
                raise ConfigError(
                    "workers",
                    f"executor serial does one unit after another, and {workers} workers are asked for.",
                    "Take --executor threads or processes.",
                )
        for code, given, known in (
            ("executor-unknown", self.executor, EXECUTORS),
            ("pat-unknown", self.pat, ACCEPTANCE),
        ):
            if given not in known:
                raise ConfigError(
                    code, f"there is no {given!r}.", f"Take one of {', '.join(known)}."
                )
        if self.dask_address is not None and self.executor != "dask":
            raise ConfigError(
                "dask-address",
                f"a Dask address is given, and the executor is {self.executor}.",
                "Add --executor dask.",
            )
        if self.memory_limit is not None and self.memory_limit < 1:
            raise ConfigError("memory-limit", f"{self.memory_limit} bytes hold nothing.")


@dataclass(frozen=True, slots=True)
class RunConfig(ExecutionConfig):
    """What to build, from what, and where to put it.

    Attributes:
        polygons: File of country polygons; None for the bundled Natural Earth countries.
        layer: Layer of the polygon file, when it has several.
        iso_column: Column of ISO 3166-1 codes; None to find it by name.
        name_column: Column of country names; None to find it by name.
        countries: Alpha-2 codes to build; empty for all.
        repair_geometry: Repair invalid polygons and report it.
        skip_unknown_codes: Leave out rows without an ISO code and report it.
        input_time_limit: Seconds that reading and checking the polygon file may take, >= 1.
        raster: GeoTIFF whose grid is used; None for the resolution or the bundled raster.
        resolution: Cell size of a global grid, such as ``30s``; None to take a raster's grid.
        rule: Inclusion rule, ``center`` or ``any_overlap``.
        keep_small_countries: Give a country without tiles the one of its representative point.
        coverage: Publish the share of each tile that lies in its country; with ``any_overlap``.
        basis: What weights are made from; None for ``population`` with a raster, else ``area_m2``.
        dp: Decimal places of the weights, 0..18.
        weigh_by_coverage: Multiply masses by coverage.
        out: Output folder.
        lock: File that pins the inputs by digest; None to take them as they are.

    Raises:
        ConfigError: ``grid-ambiguous``, ``rule-unknown``, ``coverage-rule``, ``coverage-missing``,
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
    rule: str = "center"
    keep_small_countries: bool = False
    coverage: bool = False
    basis: str | None = None
    dp: int = DEFAULT_DP
    weigh_by_coverage: bool = False
    out: Path = DEFAULT_OUT
    lock: Path | None = None

    def __post_init__(self) -> None:
        """Refuse combinations that cannot be meant."""
        ExecutionConfig.__post_init__(self)
        if self.raster is not None and self.resolution is not None:
            raise ConfigError(
                "grid-ambiguous",
                f"the grid is asked for twice: raster {self.raster} and resolution "
                f"{self.resolution}.",
                "Keep one of the two.",
            )
        if self.rule not in RULES:
            raise ConfigError(
                "rule-unknown", f"there is no inclusion rule {self.rule!r}.", f"Take {RULES}."
            )
        if self.input_time_limit < 1:
            raise ConfigError(
                "time-limit",
                f"{self.input_time_limit} seconds are too few to read a file.",
                "Take 1 or more.",
            )
        if self.coverage and self.rule != "any_overlap":
            raise ConfigError(
                "coverage-rule",
                f"coverage is asked for with rule {self.rule}, which leaves out tiles that a country "
                "covers in part.",
                "Take --rule any_overlap.",
            )
        if self.weigh_by_coverage and not self.coverage:
            raise ConfigError(
                "coverage-missing",
                "weights are to count coverage, and the tiles are built without it.",
                "Add --coverage.",
            )

    @classmethod
    def from_toml(cls, path: Path) -> Self:
        """Return the configuration that a TOML file states; what it leaves out has its default.

        Keys are the option names with underscores. Paths are taken from the file's own folder.

        Raises:
            ConfigError: ``config-missing``, ``config-syntax``, ``option-unknown``, ``option-type``,
                or as the class.
        """
        try:
            content = tomllib.loads(read_small_file(path, _MOST_BYTES).decode())
        except OSError as error:
            raise ConfigError(
                "config-missing", f"{path} cannot be read: {error.strerror}."
            ) from error
        except (ValueError, RecursionError) as error:
            # ValueError: what tomllib and the decoding raise, and numbers of too many digits.
            raise ConfigError(
                "config-syntax", f"{path} is not TOML: {library_message(error)}."
            ) from error
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(content) - known)
        if unknown:
            raise ConfigError(
                "option-unknown",
                f"{path} has no option {', '.join(map(quoted, unknown[:10]))}.",
                f"There are {', '.join(sorted(known))}.",
            )
        return cls(**{name: _value(name, given, path) for name, given in content.items()})

    def without_grid(self) -> Self:
        """Return the configuration with neither raster nor resolution."""
        return replace(self, raster=None, resolution=None)

    def with_options(self, **given: Any) -> Self:
        """Return the configuration with options put over it; None leaves a value as it is."""
        return replace(self, **{name: value for name, value in given.items() if value is not None})


@dataclass(frozen=True, slots=True)
class WeightsConfig(ExecutionConfig):
    """Which published tiles to weigh, how, and where to put the weights.

    Attributes:
        index: Folder that holds the published tile index.
        raster: Population raster; None for the bundled one, if the index is on its grid.
        basis: What weights are made from; None for ``population`` with a raster, else ``area_m2``.
        dp: Decimal places of the weights, 0..18.
        weigh_by_coverage: Multiply masses by coverage.
        out: Output folder; None for that of the index.
        lock: File that pins the raster by digest; None to take it as it is.

    Raises:
        ConfigError: As ``ExecutionConfig``.
    """

    index: Path
    raster: Path | None = None
    basis: str | None = None
    dp: int = DEFAULT_DP
    weigh_by_coverage: bool = False
    out: Path | None = None
    lock: Path | None = None


def _value(name: str, given: Any, path: Path) -> Any:
    """Return a TOML value in the type of its field."""
    wanted = {
        "countries": (list, str),
        "repair_geometry": (bool,),
        "skip_unknown_codes": (bool,),
        "keep_small_countries": (bool,),
        "coverage": (bool,),
        "weigh_by_coverage": (bool,),
        "dp": (int,),
        "input_time_limit": (int,),
        "workers": (int,),
        "s1_workers": (int,),
        "s2_workers": (int,),
        "memory_limit": (int, str),
    }.get(name, (str,))
    is_right = isinstance(given, wanted) and (bool in wanted or not isinstance(given, bool))
    if isinstance(given, list):
        is_right = is_right and all(isinstance(code, str) for code in given)
    if not is_right:
        names = " or ".join(kind.__name__ for kind in wanted)
        raise ConfigError(
            "option-type", f"{path}: {name} is {quoted(given)}.", f"It must be of type {names}."
        )
    if name in _PATHS:
        return path.parent / _path(name, given)
    if name == "memory_limit" and isinstance(given, str):
        return parse_bytes(given)
    if name == "countries":
        return split_codes(given if isinstance(given, str) else ",".join(given))
    return given


def _path(name: str, given: str) -> Path:
    """Return a path with ``~`` as the home folder.

    Raises:
        ConfigError: ``path-empty``, ``path-control-character``.
    """
    if not given:
        raise ConfigError(
            "path-empty", f"{name} is empty.", "Name a file or folder, or leave it out."
        )
    if not given.isprintable():
        raise ConfigError(
            "path-control-character",
            f"{name} has a character that cannot be printed: {given!r}.",
            "Rename the file or folder.",
        )
    return Path(given).expanduser()


def parse_bytes(text: str) -> int:
    """Return a size in bytes, such as ``640MiB`` or ``2GB``.

    Raises:
        ConfigError: ``memory-limit``.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ConfigError(
            "memory-limit",
            f"{text!r} is not a size.",
            "Write a number with a unit, such as 640MiB or 2GB.",
        )
    return int(float(match[1]) * _BYTES_PER_UNIT[match[2].lower()])


def split_codes(text: str) -> tuple[str, ...]:
    """Return the codes of a comma-separated list, such as ``DE,FR``.

    Raises:
        ConfigError: ``countries-none-selected``; an empty list would build every country.
    """
    codes = tuple(code.strip() for code in text.split(",") if code.strip())
    if not codes:
        raise ConfigError(
            "countries-none-selected",
            f"no country code in {text!r}.",
            "Write codes with commas between, such as DE,FR; leave the option out for all.",
        )
    return codes
