"""The rows of the table of countries: summaries of tiles and of weights side by side."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from closedworld.inputs.reference.iso import iso_table
from closedworld.kernels.tiles import CountrySummary
from closedworld.kernels.weights import WeightSummary
from closedworld.run.record.report import read_lines
from closedworld.stages import TILES, WEIGHTS

_LEAST_CUT = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class CountryRow:
    """A row of the table of countries; figures that a run did not make are None.

    Attributes:
        iso: ISO 3166-1 alpha-2 code.
        name: Name.
        tiles: Number of tiles.
        area_km2: Area of its tiles.
        persons: Its people; None if no weights were made from them.
        zero_tiles: Tiles of weight 0.
        shared_tiles: Tiles that another country owns too.
        remarks: What is special about it, in a few words each.
    """

    iso: str
    name: str
    tiles: int
    area_km2: float | None = None
    persons: float | None = None
    zero_tiles: int | None = None
    shared_tiles: int | None = None
    remarks: tuple[str, ...] = ()

    @property
    def zero_share(self) -> float | None:
        """Share of the tiles that have weight 0, 0..1."""
        return self.zero_tiles / self.tiles if self.tiles and self.zero_tiles is not None else None


def read_country_rows(report: Path, *, are_regions: bool = False) -> list[CountryRow]:
    """Return the countries of a run, those with most people first, or with most tiles where people are not known.

    Args:
        report: Folder of the report.
        are_regions: Whether the codes are the regions' own.

    Raises:
        IntegrityError: ``report-unreadable``.
    """
    summaries = read_lines(report / TILES.summaries_name, CountrySummary)
    weight_summaries = read_lines(report / WEIGHTS.summaries_name, WeightSummary)
    built = {one.country_iso: one for one in summaries}
    weighted = {one.country_iso: one for one in weight_summaries}
    rows = [
        _row(iso, built.get(iso), weighted.get(iso), are_regions=are_regions)
        for iso in {**built, **weighted}
    ]
    return sorted(rows, key=lambda row: (-(row.persons or 0), -row.tiles, row.iso))


def country_name(iso: str, *, are_regions: bool) -> str:
    """Return the name of a country in the ISO table, and of anything else its code."""
    known = None if are_regions else iso_table().get(iso)
    return known.name if known else iso


def _row(
    iso: str,
    built: CountrySummary | None,
    weighted: WeightSummary | None,
    *,
    are_regions: bool,
) -> CountryRow:
    tiles = built.cells_included if built else weighted.tiles if weighted else 0
    remarks = (
        ("no tiles", not tiles),
        (
            f"{built.outside_share if built else 0:.1%} outside",
            built and _LEAST_CUT <= built.outside_share < 1,
        ),
        ("given one tile", built is not None and built.kept_small),
        ("shares tiles", built is not None and built.shared_tiles > 0),
        ("no mass: uniform", weighted is not None and weighted.fallback),
    )
    return CountryRow(
        iso=iso,
        # A run of weights alone read no polygons, so no names.
        name=built.name if built else country_name(iso, are_regions=are_regions),
        tiles=tiles,
        area_km2=built.area_km2 if built else None,
        persons=weighted.persons if weighted else None,
        zero_tiles=weighted.zero_tiles if weighted else None,
        shared_tiles=built.shared_tiles if built else None,
        remarks=tuple(text for text, holds in remarks if holds),
    )
