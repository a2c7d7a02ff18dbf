"""Texts, sizes and colours of the pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageFont

from closedworld.maps.canvas import INK, PAPER, blend, save_png, shades
from closedworld.maps.sheet import Sheet, spelled

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("221,428,251 tiles · 30\N{DOUBLE PRIME}", '221,428,251 tiles · 30"'),
        ("Côte d'Ivoire \N{EN DASH} São Tomé", "Cote d'Ivoire - Sao Tome"),
        ("0.75 \N{MULTIPLICATION SIGN} 0.93 km²", "0.75 x 0.93 km2"),
        ("Åland…", "Aland…"),
        ("日本", "??"),
    ],
)
def test_text_is_spelled_with_what_the_face_has(text: str, printed: str) -> None:
    assert spelled(text) == printed


def test_no_printable_character_shows_as_a_box() -> None:
    """The face draws a box for what it lacks: none of our own signs may look like it."""
    font = ImageFont.load_default(40)
    box = bytes(font.getmask("\N{CYRILLIC CAPITAL LETTER ZHE}"))
    for character in spelled("©«»°±·“”…é\N{EN DASH}\N{MULTIPLICATION SIGN}"):
        assert bytes(font.getmask(character)) != box, character


def test_a_long_line_is_cut_to_its_room() -> None:
    page = Image.new("RGB", (300, 40), PAPER)
    sheet = Sheet(2400, "", "", "")
    sheet.write(page, (10, 30), "many words " * 20, 20, max_width=150)
    assert page.crop((165, 0, 300, 40)).getcolors() == [(135 * 40, PAPER)]
    assert page.crop((0, 0, 165, 40)).getcolors() != [(165 * 40, PAPER)]


def test_lengths_grow_with_the_picture() -> None:
    sheets = [Sheet(width, "", "", "") for width in (2400, 4800, 120)]
    assert [sheet.px(10) for sheet in sheets] == [10, 20, 1]


def test_shades_run_from_end_to_end() -> None:
    colours = shades(PAPER, INK, 5)
    assert (colours[0], colours[-1], len(colours)) == (PAPER, INK, 5)
    assert colours[2] == blend(PAPER, INK, 0.5)


def test_every_pixel_gets_the_nearest_colour_of_the_palette(tmp_path: Path) -> None:
    """Against distances to all colours, one pixel at a time."""
    pixels = np.random.default_rng(4).integers(0, 256, (20, 30, 3), np.uint8)
    pixels[0, 0], pixels[0, 1] = PAPER, INK
    ramp = shades(PAPER, INK, 200)
    save_png(Image.fromarray(pixels), tmp_path / "p.png", [ramp])
    with Image.open(tmp_path / "p.png") as image:
        found = np.asarray(image.convert("RGB")).astype(int)
    palette = np.array(ramp)
    best = ((pixels[:, :, None].astype(int) - palette) ** 2).sum(axis=3).min(axis=2)
    assert np.array_equal(((found - pixels) ** 2).sum(axis=2), best)
    assert [tuple(found[0, 0]), tuple(found[0, 1])] == [PAPER, INK]
