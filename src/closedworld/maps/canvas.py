"""What all pictures share: colours, and the way a PNG is written."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from closedworld.store.atomic import whole_file

Colour = tuple[int, int, int]
"""Red, green, blue, 0..255 each, sRGB."""

PAPER: Colour = (252, 251, 247)
SEA: Colour = (222, 232, 236)
GRATICULE: Colour = (196, 211, 219)
OUTLINE: Colour = (128, 148, 160)
INK: Colour = (34, 44, 58)
MUTED_INK: Colour = (98, 110, 124)
HAIRLINE: Colour = (255, 253, 247)

COUNTRY_COLOURS: tuple[Colour, ...] = (
    (59, 149, 155),
    (235, 183, 78),
    (184, 87, 48),
    (70, 76, 132),
    (194, 180, 138),
)
"""Teal, gold, brick, indigo, sand. Any two of them, and each and the sea, stay at least 22 CIELAB
units apart for readers without red, green or blue cones (Machado et al. 2009, severity 1)."""

_SEARCH_CHUNK = 4096


def mix(
    under: NDArray[np.float32], over: Colour | NDArray[np.float32], share: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return colours laid over others.

    A plane per channel, because NumPy takes four times as long over triples.

    Args:
        under: Colours, float32 (3, height, width), 0..255.
        over: One colour, or float32 (3, height, width).
        share: How much of ``over`` shows, float32 (height, width), 0..1.
    """
    top = np.asarray(over, np.float32).reshape(3, -1, 1) if isinstance(over, tuple) else over
    mixed: NDArray[np.float32] = top - under
    mixed *= share
    mixed += under
    return mixed


def to_bytes(colours: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return colours, float32 (3, height, width), rounded to uint8 (height, width, 3)."""
    whole = np.rint(np.clip(colours, 0, 255)).astype(np.uint8)
    return np.ascontiguousarray(np.moveaxis(whole, 0, -1))


def blend(a: Colour, b: Colour, share: float) -> Colour:
    """Return ``share`` of colour b mixed into colour a."""
    red, green, blue = (round(x + (y - x) * share) for x, y in zip(a, b, strict=True))
    return red, green, blue


def shades(start: Colour, stop: Colour, steps: int) -> list[Colour]:
    """Return colours from one to another, both included, evenly spaced; ``steps`` >= 2 of them."""
    return [blend(start, stop, i / (steps - 1)) for i in range(steps)]


QUIET_LAND = blend(COUNTRY_COLOURS[4], PAPER, 0.45)
"""Pale sand, so that what is drawn over it stands out."""


def save_png(image: Image.Image, path: Path | str, ramps: Sequence[Sequence[Colour]]) -> None:
    """Write an RGB image as a PNG of at most 256 colours, each pixel in the nearest of the ramps'.

    A palette made for the picture keeps plain colours exact and soft edges smooth, in a third of the
    bytes of full colour. The same image gives the same bytes.

    Args:
        image: The picture.
        path: Where the PNG goes; replaced if there.
        ramps: Colours of the palette, at most 256 different ones.

    Raises:
        PublishError: ``output-not-writable``.
    """
    palette = np.array(list(dict.fromkeys(itertools.chain(*ramps))), np.int32)
    indexed = Image.fromarray(_nearest(np.asarray(image), palette))
    indexed.putpalette(palette.astype(np.uint8).tobytes())
    with whole_file(Path(path)) as staged:
        # Level 9 would save 7% of the bytes and take six times as long.
        indexed.save(staged, "PNG", compress_level=6)


def _nearest(pixels: NDArray[np.uint8], palette: NDArray[np.int32]) -> NDArray[np.uint8]:
    """Return the index of the first of n <= 256 colours nearest to each pixel, uint8 (height, width).

    Pillow's own search rounds colours to 6 bits, which changes the shade of the sea.
    """
    packed = np.zeros(pixels.shape[:2], np.int32)
    for channel in range(3):
        packed <<= 8
        packed |= pixels[..., channel]
    # A table of all 2**24 colours, filled for those of the picture: no sorting of the pixels.
    index_of = np.zeros(1 << 24, np.uint8)
    index_of[packed] = 1
    met = np.flatnonzero(index_of)
    for some in np.array_split(met, len(met) // _SEARCH_CHUNK + 1):
        rgb = np.stack([some >> 16, some >> 8 & 255, some & 255], axis=1).astype(np.int32)
        distance = ((rgb[:, None] - palette) ** 2).sum(axis=2)
        index_of[some] = distance.argmin(axis=1)
    indices: NDArray[np.uint8] = index_of[packed]
    return indices
