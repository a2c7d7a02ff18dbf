"""A sheet: a picture with a heading above it, room below, and text."""

from __future__ import annotations

import bisect
import unicodedata
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from closedworld.maps.canvas import INK, MUTED_INK, OUTLINE, PAPER, Colour

# What Pillow's built-in typeface has beyond ASCII, and how to spell what it lacks.
_FACE_EXTRAS = frozenset("©«»°±·“”…\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}")
_SPELLINGS = {
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "\N{MINUS SIGN}": "-",
    "\N{MULTIPLICATION SIGN}": "x",
    "\N{PRIME}": "'",
    "\N{DOUBLE PRIME}": '"',
    "≤": "<=",
    "≥": ">=",
    "ß": "ss",
    "ø": "o",
    "Ø": "O",
    "æ": "ae",
    "ł": "l",
}


MAP_WIDTH = 2400
"""Width of a map, px, when none is asked for; all sizes are given at it, and other widths scale them."""

_MARGIN, _GAP, _FRAME = 60, 44, 2
_TITLE, _SUBTITLE = (70, 118), (36, 176)
"""Size of the type, and its baseline from the top."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet ``width`` px wide and its texts; an empty one leaves its line out."""

    width: int
    title: str
    subtitle: str
    credit: str

    def px(self, size: float) -> int:
        """Return a length given at ``MAP_WIDTH`` as whole px of this sheet, >= 1."""
        return max(1, round(size * self.width / MAP_WIDTH))

    @property
    def margin(self) -> int:
        """Px left and right of the picture."""
        return self.px(_MARGIN)

    @property
    def picture_width(self) -> int:
        """Px from left to right that the picture may take."""
        return self.width - 2 * self.margin

    @property
    def picture_top(self) -> int:
        """Px from the top of the sheet to the picture."""
        if self.subtitle:
            return self.px(_SUBTITLE[1] + _GAP)
        return self.px(_TITLE[1] + _GAP if self.title else _MARGIN)

    def page(self, picture: Image.Image, below: int, *, is_framed: bool) -> Image.Image:
        """Return a picture under its heading, with ``below`` px of empty paper beneath it."""
        left, top, room = self.margin, self.picture_top, self.picture_width
        page = Image.new("RGB", (self.width, top + picture.height + below), PAPER)
        page.paste(picture, (left, top))
        if is_framed:
            box = (left, top, left + picture.width - 1, top + picture.height - 1)
            ImageDraw.Draw(page).rectangle(box, outline=OUTLINE, width=self.px(_FRAME))
        (size, base), (small, below_base) = _TITLE, _SUBTITLE
        self.write(page, (left, self.px(base)), self.title, size, colour=INK, max_width=room)
        self.write(page, (left, self.px(below_base)), self.subtitle, small, max_width=room)
        return page

    def text_width(self, text: str, size: float) -> float:
        """Return the px that a text takes, its size given at ``MAP_WIDTH``."""
        return ImageFont.load_default(self.px(size)).getlength(text)

    def write(
        self,
        page: Image.Image,
        at: tuple[float, float],
        text: str,
        size: float,
        *,
        colour: Colour = MUTED_INK,
        anchor: str = "ls",
        max_width: float | None = None,
    ) -> None:
        """Write one line of text.

        Args:
            page: Where to write.
            at: ``(x, y)`` of the anchor, px from the top left.
            text: The line; see ``spelled``.
            size: Size of the type at ``MAP_WIDTH``, px.
            colour: Ink.
            anchor: Pillow's anchor; ``ls`` is the left end of the baseline.
            max_width: Px that the line may take; a longer one ends in an ellipsis.
        """
        text, font = spelled(text), ImageFont.load_default(self.px(size))
        if max_width is not None and font.getlength(text) > max_width:
            fits = bisect.bisect_right(
                range(len(text)), max_width, key=lambda n: font.getlength(text[:n] + "…")
            )
            text = text[: max(0, fits - 1)].rstrip(" ·,") + "…"
        ImageDraw.Draw(page).text(at, text, fill=colour, font=font, anchor=anchor)


def spelled(text: str) -> str:
    """Return text in the characters that Pillow's built-in typeface has.

    Accents are dropped, dashes become hyphens, and what has no equivalent becomes a question mark.
    """
    return "".join(_in_typeface(character) for character in text)


def _in_typeface(character: str) -> str:
    if character.isascii() or character in _FACE_EXTRAS:
        return character
    plain = unicodedata.normalize("NFKD", _SPELLINGS.get(character, character))
    return plain.encode("ascii", "ignore").decode("ascii") or "?"
