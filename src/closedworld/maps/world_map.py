"""The map of the tiles of the world, country by country."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from closedworld.kernels.spans import RowSpans, Rule, shared_tiles
from closedworld.maps.canvas import COUNTRY_COLOURS, HAIRLINE, SEA, blend, shades
from closedworld.maps.colouring import choose_colours, neighbour_weights
from closedworld.maps.map_builder import MapBuilder
from closedworld.maps.painting import Land
from closedworld.maps.sheet import MAP_WIDTH
from closedworld.sanitize import number_of

_NEAR_PX = 14.0
_ARCSEC_PER_DEGREE = 3600

# Coasts, hairlines and tile lines, and mixtures of two countries.
RAMPS = (
    *(shades(SEA, colour, 20) for colour in COUNTRY_COLOURS),
    *(shades(colour, HAIRLINE, 14) for colour in COUNTRY_COLOURS),
    *(shades(a, b, 5) for a, b in itertools.combinations(COUNTRY_COLOURS, 2)),
)


def draw_world_map(
    spans: Mapping[str, RowSpans],
    path: Path | str,
    *,
    title: str,
    subtitle: str = "",
    credit: str = "",
    width: int = MAP_WIDTH,
) -> None:
    """Write a PNG of the tiles of countries, with different colours for neighbouring countries.

    A pixel's colour is stronger the more of it is covered by tiles. A small region is drawn in its own
    window, true to shape; a wider one or the globe in Equal Earth. A few tiles beyond an ocean are left
    out of the frame, and the legend gives their number. Tiles at least 3 px
    wide are separated by lines, and those of two countries are striped. The work depends on the
    number of runs and pixels, not of tiles.

    Args:
        spans: Tiles by country, on one grid; none gives a map of the sea.
        path: PNG to write; an existing file is replaced.
        title: The heading.
        subtitle: A line below it, such as the number of tiles, the resolution and the rule.
        credit: A line at the foot, such as the source of the borders.
        width: Width of the picture, px, >= 200.

    Raises:
        ConfigError: ``picture-width``, ``grids-differ``.
        PublishError: ``output-not-writable``.
    """
    builder = MapBuilder(list(spans.values()), (title, subtitle, credit), width)
    shares = _CountryShares.on(builder)
    legend = builder.far_off()
    if not builder.shows_tiles:
        ramp = builder.gradient(150, lambda share: blend(SEA, COUNTRY_COLOURS[0], share))
        legend.append(("share of a pixel under tiles, 0 to 100%", ramp))
    elif shares.shared.any():
        legend.append(("tile of two countries", _striped_swatch(builder)))
    builder.save(path, builder.paint(shares.land), legend, RAMPS)


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


@dataclass(frozen=True, slots=True, eq=False)
class _CountryShares:
    """How much of each pixel the tiles of countries cover.

    Attributes:
        by_colour: Share under countries of each colour, float32 (n_colours, height, width).
        shared: Share under tiles of two countries or more, float32 (height, width).
    """

    by_colour: NDArray[np.float32]
    shared: NDArray[np.float32]

    @classmethod
    def on(cls, builder: MapBuilder) -> _CountryShares:
        """Return the shares on a map, a colour chosen for each country."""
        sets, n_colours = builder.sets, len(COUNTRY_COLOURS)
        reach = max(1, round(_NEAR_PX / builder.tile_px))
        sizes = np.array([one.tile_count for one in sets], np.int64)
        colours = choose_colours(neighbour_weights(sets, reach), sizes, n_colours)
        by_colour = np.empty((n_colours, builder.view.height, builder.view.width), np.float32)
        for colour in range(n_colours):
            by_colour[colour] = builder.shares(
                [sets[i] for i in np.flatnonzero(colours == colour).tolist()]
            )
        shared = [] if builder.grid is None else [shared_tiles(sets, builder.grid)]
        return cls(by_colour, builder.shares(shared))

    def land(self, rows: slice) -> Land:
        """Return the countries in some rows of the map, their colours mixed by the shares of a pixel."""
        shares, shared = self.by_colour[:, rows], self.shared[rows]
        total = shares.sum(axis=0)
        colours = np.zeros((3, *total.shape), np.float32)
        # Plane by plane: a matrix product over so few colours spends its time turning the planes.
        for channel, (share, colour) in itertools.product(
            range(3), zip(shares, COUNTRY_COLOURS, strict=True)
        ):
            colours[channel] += share * np.float32(colour[channel])
        colours /= np.maximum(total, 1e-6)
        share = np.clip(np.maximum(total - shared, shares.max(axis=0)), 0, 1)
        return Land(colours, share, total.clip(0, 1), shared, self._border(rows))

    def _border(self, rows: slice) -> NDArray[np.float32]:
        """Return how much of each pixel is border between two colours, float32 (rows, width).

        A border is where the mixture of colours changes from one pixel to the next and both are land.
        """
        # One pixel row more on both sides: a border may run along the edge of the rows.
        begin = max(rows.start - 1, 0)
        shares = self.by_colour[:, begin : rows.stop + 1]
        total = shares.sum(axis=0)
        mixture = shares / np.maximum(total, 1e-6)
        total = np.minimum(total, 1)
        down = np.abs(mixture[:, 1:] - mixture[:, :-1]).sum(axis=0) / 2
        down *= np.minimum(total[1:], total[:-1])
        across = np.abs(mixture[:, :, 1:] - mixture[:, :, :-1]).sum(axis=0) / 2
        across *= np.minimum(total[:, 1:], total[:, :-1])
        vertical = np.pad(down, ((1, 0), (0, 0))) + np.pad(down, ((0, 1), (0, 0)))
        horizontal = np.pad(across, ((0, 0), (1, 0))) + np.pad(across, ((0, 0), (0, 1)))
        border = np.minimum(np.maximum(vertical, horizontal), 1)
        own: NDArray[np.float32] = border[rows.start - begin : rows.stop - begin]
        return own


def _striped_swatch(builder: MapBuilder) -> Image.Image:
    swatch = builder.swatch(blend(COUNTRY_COLOURS[0], COUNTRY_COLOURS[1], 0.5))
    draw, px = ImageDraw.Draw(swatch), builder.sheet.px
    for x in range(0, 2 * swatch.width, px(12)):
        draw.line((x, 0, x - swatch.height, swatch.height), HAIRLINE, px(3))
    return swatch
