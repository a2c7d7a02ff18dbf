"""How a file of polygons is to be read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypedDict

from closedworld.config.options import split_codes
from closedworld.config.table import REGIONS
from closedworld.errors import ConfigError
from closedworld.kernels.inclusion import Fill


class ReadArguments(TypedDict, total=False):
    """The fields of ``ReadOptions``, as keyword arguments."""

    iso_column: str | None
    code_column: str | None
    name_column: str | None
    layer: str | None
    regions: str
    countries: str | Iterable[str]
    except_countries: str | Iterable[str]
    fill: str | None
    repair_geometry: bool
    skip_unknown_codes: bool
    skip_bad_rows: bool
    assume_wgs84: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """How a file of polygons is to be read.

    Attributes:
        iso_column: Column of ISO 3166-1 codes: alpha-2, alpha-3 or numeric; None looks for one by name.
        code_column: Column of codes with ``regions="any"``.
        name_column: Column of names; None looks for one and falls back to the ISO table.
        layer: Layer, for files with several.
        regions: ``iso`` for countries, ``any`` for regions with codes of their own.
        countries: Codes of the rows to read and check; empty for all.
        except_countries: Codes of the rows to leave out.
        fill: Take invalid polygons as they are, by this fill rule; None refuses them.
        repair_geometry: Repair invalid polygons, and note it, instead of raising.
        skip_unknown_codes: Leave out rows without a code, and note it, instead of raising.
        skip_bad_rows: Leave out rows with any problem, and note it, instead of raising.
        assume_wgs84: Take coordinates without a reference system, or in one within metres of WGS 84, as WGS 84.

    Raises:
        ConfigError: ``regions-unknown``, ``regions-codes``, ``fill-unknown``, ``fill-and-repair``.
    """

    iso_column: str | None = None
    code_column: str | None = None
    name_column: str | None = None
    layer: str | None = None
    regions: str = REGIONS[0]
    countries: str | Iterable[str] = ()
    except_countries: str | Iterable[str] = ()
    fill: str | None = None
    repair_geometry: bool = False
    skip_unknown_codes: bool = False
    skip_bad_rows: bool = False
    assume_wgs84: bool = False

    def __post_init__(self) -> None:
        for name in ("countries", "except_countries"):
            given = getattr(self, name)
            object.__setattr__(self, name, split_codes(given) if given else ())
        if self.regions not in REGIONS:
            raise ConfigError(
                "regions-unknown",
                f"there are no regions {self.regions!r}.",
                f"Choose one of {', '.join(REGIONS)}.",
            )
        if self.any_codes != (self.code_column is not None):
            raise ConfigError(
                "regions-codes",
                "--regions any and --code-column belong together, and one is missing.",
                "For regions with codes of their own give both; a column of ISO 3166-1 codes is named with "
                "--iso-column.",
            )
        if self.any_codes and self.iso_column is not None:
            raise ConfigError(
                "regions-codes", "--regions any has no --iso-column.", "Take --code-column alone."
            )
        if self.fill is not None:
            Fill.parse(self.fill)
            if self.repair_geometry:
                raise ConfigError(
                    "fill-and-repair",
                    "--fill takes invalid polygons as they are, --repair-geometry changes them.",
                    "Keep one of the two.",
                )

    @property
    def any_codes(self) -> bool:
        """Whether codes may be any text."""
        return self.regions == REGIONS[1]
