"""Parameters of the stages: everything that decides the content of a result, by name and type.

The ``parameter_hash`` of a result is the SHA-256 of ``to_dict`` in canonical JSON
(docs/decisions/0006-identity.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import Rule


class Parameters(Protocol):
    """What decides the content of a stage's result.

    Attributes:
        stage: Name of the stage.
        format: Raised when the same other parameters would give other content or other files.
    """

    stage: ClassVar[str]

    @property
    def format(self) -> int:
        """Format of the stage's files."""

    def to_dict(self) -> dict[str, Any]:
        """Return the parameters as the receipt holds them."""

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Return the parameters that a receipt holds.

        Raises:
            ValueError: They are not those of this stage; the message names the first that is wrong.
        """


@dataclass(frozen=True, slots=True)
class TileParameters:
    """What decides the content of a tile index.

    Attributes:
        format: Format of the files.
        grid: The lattice.
        rule: Inclusion rule.
        keep_small_countries: Whether a country without tiles got the one of its representative point.
        countries: Alpha-2 codes, ascending.
        polygons_sha256: Digest of the polygons' normalized coordinates, lower-case hex.
        coverage: Whether the index has the share of each tile that lies in its country.
    """

    stage: ClassVar[str] = "tiles"

    format: int
    grid: Grid
    rule: Rule
    keep_small_countries: bool
    countries: tuple[str, ...]
    polygons_sha256: str
    coverage: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the parameters as the receipt holds them."""
        content: dict[str, Any] = {
            "format": self.format,
            "stage": self.stage,
            "grid": self.grid.to_dict(),
            "rule": self.rule.value,
            "keep_small_countries": self.keep_small_countries,
            "countries": list(self.countries),
            "polygons_sha256": self.polygons_sha256,
        }
        # Named only where it is: the hash of an index without it stays what it was.
        return {**content, "coverage": True} if self.coverage else content

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Return the parameters that a receipt holds.

        Raises:
            ValueError: They are not those of a tile index.
        """
        _require_stage(content, cls.stage)
        try:
            grid = Grid.from_dict(_typed(content, "grid", dict))
        except (KeyError, TypeError) as error:
            raise ValueError(f"grid: {type(error).__name__}: {error}") from error
        return cls(
            format=_typed(content, "format", int),
            grid=grid,
            rule=Rule(_typed(content, "rule", str)),
            keep_small_countries=_typed(content, "keep_small_countries", bool),
            countries=tuple(str(code) for code in _typed(content, "countries", list)),
            polygons_sha256=_typed(content, "polygons_sha256", str),
            coverage=_typed(content, "coverage", bool) if "coverage" in content else False,
        )


@dataclass(frozen=True, slots=True)
class WeightParameters:
    """What decides the content of tile weights.

    Attributes:
        format: Format of the files.
        tiles_parameter_hash: Which tile index they are for.
        basis: What they are made from, such as ``population`` or ``population:9,area_m2:1``.
        dp: Decimal places: the weights of a country add up to ``10**dp``.
        weigh_by_coverage: Whether masses were multiplied by coverage.
        raster_sha256: Digest of the population raster, lower-case hex; None when no basis needs it.
    """

    stage: ClassVar[str] = "weights"

    format: int
    tiles_parameter_hash: str
    basis: str
    dp: int
    weigh_by_coverage: bool
    raster_sha256: str | None

    def to_dict(self) -> dict[str, Any]:
        """Return the parameters as the receipt holds them."""
        return {
            "format": self.format,
            "stage": self.stage,
            "tiles_parameter_hash": self.tiles_parameter_hash,
            "basis": self.basis,
            "dp": self.dp,
            "weigh_by_coverage": self.weigh_by_coverage,
            "raster_sha256": self.raster_sha256,
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Return the parameters that a receipt holds.

        Raises:
            ValueError: They are not those of weights.
        """
        _require_stage(content, cls.stage)
        raster = content.get("raster_sha256")
        return cls(
            format=_typed(content, "format", int),
            tiles_parameter_hash=_typed(content, "tiles_parameter_hash", str),
            basis=_typed(content, "basis", str),
            dp=_typed(content, "dp", int),
            weigh_by_coverage=_typed(content, "weigh_by_coverage", bool),
            raster_sha256=None if raster is None else _typed(content, "raster_sha256", str),
        )


def _require_stage(content: Mapping[str, Any], stage: str) -> None:
    """Raise unless parameters are those of a stage."""
    if content.get("stage") != stage:
        raise ValueError(f"stage is {content.get('stage')!r}, not {stage!r}")


def _typed(content: Mapping[str, Any], name: str, kind: type) -> Any:
    """Return a parameter, which must be there and of its type."""
    if name not in content:
        raise ValueError(f"there is no {name}")
    value = content[name]
    if type(value) is not kind:
        raise ValueError(f"{name} is {value!r}, not of type {kind.__name__}")
    return value
