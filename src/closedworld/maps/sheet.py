"""The sheet that a map stands on: heading above, credit and key below."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from closedworld.errors import ConfigError
from closedworld.maps.canvas import MUTED_INK, OUTLINE, PAPER, Type, printable, write_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from closedworld.maps.views import View

BASE_WIDTH = 2400
"""Width of a sheet at which its sizes are px."""

_LEAST_WIDTH = 200
_MARGIN = 60
_TITLE_SIZE, _TITLE_BASELINE = 70, 118
_SUBTITLE_SIZE, _SUBTITLE_BASELINE = 36, 176
_CREDIT_SIZE, _FOOTER, _LINE_HEIGHT = 27, 110, 46

Key = list[tuple[str, Image.Image | None]]
"""What the colours mean: texts, each with a swatch or without."""


def sheet_of(width: int) -> Type:
    """Return the sizes of a sheet.

    Raises:
        ConfigError: ``picture-width``, when its margins would leave no room for a map.
    """
    if width < _LEAST_WIDTH:
        raise ConfigError(
            "picture-width",
            f"a map of {width} px is too narrow to read.",
            f"Take a width of at least {_LEAST_WIDTH} px.",
        )
    return Type(width, BASE_WIDTH)


def map_width(kind: Type) -> int:
    """Return the px from left to right that a sheet has for its map."""
    return kind.width - 2 * kind.px(_MARGIN)


def compose(
    picture: Image.Image,
    kind: Type,
    view: View,
    texts: tuple[str, str, str],
    key: Sequence[tuple[str, Image.Image | None]],
) -> Image.Image:
    """Return the map with heading and foot; ``texts`` are title, subtitle and credit.

    A credit that does not fit beside the key stands on a line of its own below it.
    """
    title, subtitle, credit = texts
    margin = kind.px(_MARGIN)
    baseline = _SUBTITLE_BASELINE if subtitle else _TITLE_BASELINE
    top = kind.px(baseline + 44)
    room = kind.width - 2 * margin
    beside = _key_left(kind, key) - 2 * margin
    line = 0 if _credit_width(kind, credit) <= beside else kind.px(_LINE_HEIGHT)
    height = top + picture.height + kind.px(_FOOTER) + line
    page = Image.new("RGB", (kind.width, height), PAPER)
    draw = ImageDraw.Draw(page)
    page.paste(picture, (margin, top))
    if not view.is_globe:
        box = (margin, top, margin + picture.width - 1, top + picture.height - 1)
        draw.rectangle(box, outline=OUTLINE, width=kind.px(2))
    at = (margin, kind.px(_TITLE_BASELINE))
    write_text(draw, at, title, kind.font(_TITLE_SIZE), max_width=room)
    at = (margin, kind.px(_SUBTITLE_BASELINE))
    font = kind.font(_SUBTITLE_SIZE)
    write_text(draw, at, subtitle, font, colour=MUTED_INK, max_width=room)
    foot = page.height - kind.px(_FOOTER / 2 - 14)
    _write_key(page, kind, foot - line, key)
    font = kind.font(_CREDIT_SIZE)
    room = room if line else max(0, beside)
    write_text(draw, (margin, foot), credit, font, colour=MUTED_INK, max_width=room)
    return page


def _credit_width(kind: Type, credit: str) -> float:
    """Return the px that a credit takes."""
    return kind.font(_CREDIT_SIZE).getlength(printable(credit))


def _key_left(kind: Type, key: Sequence[tuple[str, Image.Image | None]]) -> int:
    """Return the left end of the key, px."""
    left = kind.width - kind.px(_MARGIN)
    for text, swatch in key:
        left -= math.ceil(kind.font(_CREDIT_SIZE).getlength(text)) + kind.px(48)
        left -= 0 if swatch is None else kind.px(16) + swatch.width
    return left


def _write_key(
    page: Image.Image, kind: Type, foot: int, key: Sequence[tuple[str, Image.Image | None]]
) -> None:
    """Write the key, texts with or without swatches, at the right of the foot line."""
    font, right = kind.font(_CREDIT_SIZE), kind.width - kind.px(_MARGIN)
    draw = ImageDraw.Draw(page)
    for text, swatch in reversed(key):
        write_text(draw, (right, foot), text, font, colour=MUTED_INK, anchor="rs")
        left = round(right - font.getlength(text))
        if swatch is not None:
            left -= kind.px(16) + swatch.width
            page.paste(swatch, (left, foot - swatch.height))
        right = left - kind.px(48)
