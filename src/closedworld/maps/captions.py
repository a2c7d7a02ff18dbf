"""Captions of maps: one wording, wherever a map of tiles is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from closedworld.kernels.spans import RowSpans, Rule
from closedworld.maps.map_builder import MAP_WIDTH
from closedworld.maps.world_map import draw_world_map
from closedworld.sanitize import number_of

_ARCSEC_PER_DEGREE = 3600


def cell_text(degrees: float) -> str:
    """Return a cell size for people, such as ``30 arc-seconds``."""
    arcsec = degrees * _ARCSEC_PER_DEGREE
    if round(arcsec) % 60 == 0 and arcsec < _ARCSEC_PER_DEGREE:
        return f"{arcsec / 60:.4g} arc-minutes"
    return f"{arcsec:.4g} arc-seconds" if arcsec < _ARCSEC_PER_DEGREE else f"{degrees:.4g} degrees"


def draw_tiles(
    spans: Mapping[str, RowSpans],
    rule: Rule,
    attribution: str,
    path: Path,
    width: int = MAP_WIDTH,
) -> None:
    """Draw the map of tiles by country, with their number, cell size and rule as its subtitle.

    Raises:
        PublishError: ``output-not-writable``.
    """
    some = [own for own in spans.values() if own.n_runs]
    cell = f" of {cell_text(some[0].grid.cell_width)}" if some else ""
    tiles = sum(own.tile_count for own in some)
    countries = number_of(len(some), "country", "countries")
    subtitle = f"{tiles:,} tiles{cell} · {countries} · rule {rule.value}"
    draw_world_map(
        spans,
        path,
        title="Tiles by country",
        subtitle=subtitle,
        credit=attribution,
        width=width,
    )
