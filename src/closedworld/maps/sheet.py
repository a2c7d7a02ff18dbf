"""A sheet of paper: a picture with a heading above it and room below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from closedworld.maps.canvas import INK, MUTED_INK, OUTLINE, PAPER, Colour, write_text

if TYPE_CHECKING:
    from closedworld.maps.canvas import Font


@dataclass(frozen=True, slots=True)
class Layout:
    """Sizes of a sheet ``base_width`` px wide, in px; those of wider and narrower ones follow.

    Attributes:
        base_width: Width of the sheet.
        margin: Left and right of the picture.
        title: Size of the title, and its baseline from the top.
        subtitle: Size of the subtitle, and its baseline from the top.
        gap: Between the last line of the heading and the picture.
        frame: Width of the line round the picture.
    """

    base_width: int
    margin: int
    title: tuple[int, int]
    subtitle: tuple[int, int]
    gap: int
    frame: float


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet and its texts.

    Attributes:
        layout: Sizes at the base width.
        width: Width of the sheet, px, > 0.
        title: The heading; empty for none.
        subtitle: A line below it; empty for none.
        credit: A line at the foot; empty for none.
    """

    layout: Layout
    width: int
    title: str
    subtitle: str
    credit: str

    def px(self, size: float) -> int:
        """Return a length given at the base width as whole px of this sheet, >= 1."""
        return max(1, round(size * self.width / self.layout.base_width))

    def font(self, size: float) -> Font:
        """Return Pillow's built-in typeface at a size given at the base width."""
        return ImageFont.load_default(self.px(size))

    @property
    def margin(self) -> int:
        """Px left and right of the picture."""
        return self.px(self.layout.margin)

    @property
    def picture_width(self) -> int:
        """Px from left to right that the picture may take."""
        return self.width - 2 * self.margin

    @property
    def picture_top(self) -> int:
        """Px from the top of the sheet to the picture."""
        layout = self.layout
        if self.subtitle:
            return self.px(layout.subtitle[1] + layout.gap)
        return self.px(layout.title[1] + layout.gap if self.title else layout.margin)

    def page(self, picture: Image.Image, below: int, *, is_framed: bool = True) -> Image.Image:
        """Return a picture under its heading, with ``below`` px of empty paper beneath it."""
        layout, left, top = self.layout, self.margin, self.picture_top
        page = Image.new("RGB", (self.width, top + picture.height + below), PAPER)
        page.paste(picture, (left, top))
        if is_framed:
            box = (left, top, left + picture.width - 1, top + picture.height - 1)
            ImageDraw.Draw(page).rectangle(box, outline=OUTLINE, width=self.px(layout.frame))
        for text, (size, baseline), colour in (
            (self.title, layout.title, INK),
            (self.subtitle, layout.subtitle, MUTED_INK),
        ):
            at = (left, self.px(baseline))
            self.write(page, at, text, size, colour=colour, max_width=self.picture_width)
        return page

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
        """Write a line of text of a size given at the base width; see ``write_text``."""
        draw, font = ImageDraw.Draw(page), self.font(size)
        write_text(draw, at, text, font, colour=colour, anchor=anchor, max_width=max_width)
