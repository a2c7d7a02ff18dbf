"""What an option takes and means, in a TOML file and on the command line."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto
from numbers import Integral, Real
from pathlib import Path
from typing import Any, TypeVar, dataclass_transform

from closedworld.errors import ConfigError
from closedworld.sanitize import quoted

T = TypeVar("T")

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?i?b)", re.IGNORECASE)
_BYTES_PER_UNIT = {
    "b": 1,
    **{f"{prefix}b": 1000**power for power, prefix in enumerate("kmgt", 1)},
    **{f"{prefix}ib": 1024**power for power, prefix in enumerate("kmgt", 1)},
}


_FILE_SUFFIXES = frozenset(
    [
        ".csv",
        ".geojson",
        ".geoparquet",
        ".gpkg",
        ".html",
        ".json",
        ".parquet",
        ".pdf",
        ".pickle",
        ".pkl",
        ".png",
        ".shp",
        ".tif",
        ".tiff",
        ".toml",
        ".tsv",
        ".txt",
        ".zip",
    ]
)

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
"""Names that a result can have: files of that name are the same on every file system."""

LATEST = "latest"
"""The name of the newest result, which every run gives."""


class Kind(Enum):
    """What values an option takes."""

    FLAG = auto()
    NUMBER = auto()
    REAL = auto()
    TEXT = auto()
    PATH = auto()
    PATHS = auto()
    NUMBER_OR_PATH = auto()
    CODES = auto()
    SIZE = auto()


_TOML_TYPES: dict[Kind, tuple[type, ...]] = {
    Kind.FLAG: (bool,),
    Kind.NUMBER: (int,),
    Kind.REAL: (float, int),
    Kind.TEXT: (str,),
    Kind.PATH: (str,),
    Kind.PATHS: (list, str),
    Kind.NUMBER_OR_PATH: (int, str),
    Kind.CODES: (list, str),
    Kind.SIZE: (int, str),
}


@dataclass(frozen=True, slots=True)
class Option:
    """How a field of a configuration is given from outside.

    Attributes:
        kind: What values it takes.
        help: Help text of the command line, which adds the default of the field.
        metavar: What stands for the value in the help; empty for the kind's own word.
        choices: Texts that are allowed; empty for any.
        unknown_code: Code of the error for any other text.
        least: Smallest number that is allowed; None for any.
        most: Largest number that is allowed; None for any.
        range_code: Code of the error for any other number; empty where only the command line checks it.
        bare_value: What the option means when it is given without a value; empty when it needs one.
        flag: Its name on the command line; empty for that of the field.
    """

    kind: Kind
    help: str
    metavar: str = ""
    choices: tuple[str, ...] = ()
    unknown_code: str = ""
    least: int | None = 1
    most: int | None = None
    range_code: str = ""
    bare_value: str = ""
    flag: str = ""

    def from_toml(self, name: str, given: Any, path: Path) -> Any:
        """Return the value of the field from that of a TOML file.

        Args:
            name: Key in the file.
            given: Value in the file.
            path: The file; relative paths start from its folder.

        Raises:
            ConfigError: ``option-type``, ``path-empty``, ``path-control-character``,
                ``memory-limit``, ``countries-none-selected``, or ``range_code``.
        """
        types = _TOML_TYPES[self.kind]
        # To Python, true is a number.
        is_right = isinstance(given, types) and (bool in types or not isinstance(given, bool))
        if isinstance(given, list):
            is_right = is_right and all(isinstance(one, str) for one in given)
        if not is_right:
            names = " or ".join(kind.__name__ for kind in types)
            raise ConfigError(
                "option-type", f"{path}: {name} is {quoted(given)}.", f"It must be of type {names}."
            )
        match self.kind:
            case Kind.PATH | Kind.NUMBER_OR_PATH if isinstance(given, str):
                return path.parent / _parse_path(name, given)
            case Kind.PATHS:
                return [path.parent / one for one in _parse_paths(name, given)]
            case Kind.SIZE if isinstance(given, str):
                return parse_bytes(given)
            case Kind.CODES:
                return split_codes(given)
            case _ if self.range_code:
                return self.number(f"{path}: {name}", given)
            case _:
                return given

    def number(self, name: str, given: Any) -> Any:
        """Return a number of Python or NumPy as one of Python; it must be within the bounds.

        Args:
            name: What the error calls it.
            given: The number: an integer, or with kind ``REAL`` any.

        Raises:
            ConfigError: ``range_code``.
        """
        kind, noun, wanted = (
            (float, "a number", Real) if self.kind is Kind.REAL else (int, "an integer", Integral)
        )
        least = -math.inf if self.least is None else self.least
        most = math.inf if self.most is None else self.most
        # To Python, true is a number.
        is_number = isinstance(given, wanted) and not isinstance(given, bool)
        if is_number and least <= given <= most:
            return kind(given)
        bounds = f"from {least:,} to {most:,}" if most < math.inf else f"of {least:,} or more"
        raise ConfigError(
            self.range_code, f"{name} is {quoted(given)}.", f"It must be {noun} {bounds}."
        )


@dataclass_transform(kw_only_default=True, field_specifiers=(field,))
def options(kind: type[T]) -> type[T]:
    """Make a class a frozen dataclass of options, all of them given by name.

    Checkers are not told that it is frozen: of a frozen class, mypy takes fields of a base to hold what they are given.
    """
    return dataclass(frozen=True, kw_only=True)(kind)


class _Field:
    """A field of ``options`` that turns what it is given into what it holds."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def _hold(self, config: object, value: object) -> None:
        vars(config)[self._name] = value


class PathField(_Field):
    """A path, None by default, which may be given as text."""

    def __get__(self, config: object, owner: type) -> Path | None:
        path: Path | None = None if config is None else vars(config)[self._name]
        return path

    def __set__(self, config: object, given: Path | str | None) -> None:
        """Hold a path.

        Raises:
            ConfigError: ``path-empty``, ``path-control-character``, ``path-address``.
        """
        self._hold(config, None if given is None else _parse_path(self._name, given))


class PathsField(_Field):
    """Paths, none by default; a single one may be given as it is."""

    def __get__(self, config: object, owner: type) -> tuple[Path, ...]:
        paths: tuple[Path, ...] = () if config is None else vars(config)[self._name]
        return paths

    def __set__(self, config: object, given: Path | str | Iterable[Path | str] | None) -> None:
        """Hold paths.

        Raises:
            ConfigError: ``path-empty``: one is empty, or a list has none; ``path-control-character``,
                ``path-address``.
        """
        self._hold(config, () if given in (None, ()) else _parse_paths(self._name, given))


class CodesField(_Field):
    """Codes of countries, none by default, which may be given as ``DE,FR`` or as a list."""

    def __get__(self, config: object, owner: type) -> tuple[str, ...]:
        codes: tuple[str, ...] = () if config is None else vars(config)[self._name]
        return codes

    def __set__(self, config: object, given: str | Iterable[str]) -> None:
        """Hold codes.

        Raises:
            ConfigError: ``countries-none-selected``: a list without any; only ``()`` stands for no choice.
        """
        self._hold(config, given if given == () else split_codes(given))


def _parse_paths(name: str, given: Path | str | Iterable[Path | str]) -> tuple[Path, ...]:
    """Return one path or several; a list without any is refused, as it would mean the default."""
    paths = [given] if isinstance(given, str | Path) else [*given]
    return tuple(_parse_path(name, path) for path in paths or [""])


def _parse_path(name: str, given: Path | str) -> Path:
    """Return a path; in a text, ``~`` is the home folder."""
    if isinstance(given, Path):
        refuse_address(name, str(given))
        return given
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
    refuse_address(name, given)
    return Path(given).expanduser()


def refuse_address(name: str, given: str) -> None:
    """Refuse an address such as ``s3://bucket``, which would become a local folder named ``s3:``.

    Raises:
        ConfigError: ``path-address``.
    """
    if _ADDRESS.match(given):
        raise ConfigError(
            "path-address",
            f"{name} is the address {quoted(given)}; only local files and folders are read and written.",
            "Copy the file here first, or mount the storage; for a folder of that very name write ./ before it.",
        )


def refuse_file_name(folder: Path) -> None:
    """Refuse a new output folder whose name has the suffix of a file.

    Raises:
        ConfigError: ``output-format``.
    """
    if folder.suffix.lower() in _FILE_SUFFIXES and not folder.is_dir():
        raise ConfigError(
            "output-format",
            f"the output is a folder, and {folder} is named like a file.",
            "Leave out the suffix.",
        )


def require_name(given: str) -> None:
    """Refuse a name that a result cannot be given.

    Raises:
        ConfigError: ``name-invalid``.
    """
    if given == LATEST or NAME.fullmatch(given) is None:
        raise ConfigError(
            "name-invalid",
            f"a result cannot be named {quoted(given)}.",
            "Take up to 64 lower-case letters, digits, '.', '_' and '-', a letter or digit first; "
            f"{LATEST} is what the newest result is called anyway.",
        )


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


def split_codes(given: str | Iterable[str]) -> tuple[str, ...]:
    """Return country codes given as ``DE,FR`` or as ``["DE", "FR"]``.

    Raises:
        ConfigError: ``countries-none-selected``; an empty list would build every country.
    """
    texts = given.split(",") if isinstance(given, str) else list(given)
    codes = tuple(code.strip() for code in texts if code.strip())
    if not codes:
        raise ConfigError(
            "countries-none-selected",
            f"no country code in {given!r}.",
            "Separate codes with commas, such as DE,FR; leave the option out for all countries.",
        )
    return codes
