"""The pictures of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedworld.datasets.durable import not_writable
from closedworld.report import draw_world_map
from closedworld.text import number_of

if TYPE_CHECKING:
    from pathlib import Path

    from closedworld.run.tile_index import TileIndex

WORLD_MAP_NAME = "world_map.png"

_ARCSEC_PER_DEGREE = 3600


def draw_pictures(index: TileIndex, attribution: str, folder: Path) -> Path:
    """Draw the map of all tiles by country and return its path.

    Raises:
        PublishError: ``output-not-writable``.
    """
    world = index.world
    counts = [count for count in world.tile_counts.values() if count]
    countries = number_of(len(counts), "country", "countries")
    path = folder / WORLD_MAP_NAME
    try:
        draw_world_map(
            world.spans,
            path,
            title="Tiles by country",
            subtitle=(
                f"{sum(counts):,} tiles of {_cell(world.grid.cell_width)} · {countries} · "
                f"rule {world.rule.value}"
            ),
            credit=attribution,
        )
    except OSError as error:
        raise not_writable(path, error) from error
    return path


def _cell(degrees: float) -> str:
    """Return a cell size for people."""
    arcsec = degrees * _ARCSEC_PER_DEGREE
    if round(arcsec) % 60 == 0 and arcsec < _ARCSEC_PER_DEGREE:
        return f"{arcsec / 60:.4g} arc-minutes"
    return f"{arcsec:.4g} arc-seconds" if arcsec < _ARCSEC_PER_DEGREE else f"{degrees:.4g} degrees"
