"""Figures and texts as the page shows them."""

from __future__ import annotations

import base64
import math
from typing import Any

from markupsafe import Markup, escape

from closedworld.sanitize import byte_size, number_of, one_line

NONE = "\N{EN DASH}"
"""Shown in place of a missing figure."""

_VALUE_LENGTH = 400
_TEXT_LENGTH = 4000
_PLAIN_BELOW = 100


def thousands(value: float | None) -> str:
    """Return a number in groups of three digits, a small fraction with three digits."""
    if value is None or not math.isfinite(value):
        return NONE
    if value == int(value) or abs(value) >= _PLAIN_BELOW:
        return f"{value:,.0f}"
    return f"{value:,.3g}"


def two_digits(value: float | None) -> str:
    """Return a number with two decimals."""
    return NONE if value is None or not math.isfinite(value) else f"{value:.2f}"


def share(value: float | None) -> str:
    """Return a share as percent; neither a little reads 0% nor almost all 100%."""
    if value is None or not math.isfinite(value):
        return NONE
    if 0 < value < 0.001:  # noqa: PLR2004  # what would read 0.0%
        return "< 0.1%"
    if 0.999 < value < 1:  # noqa: PLR2004  # what would read 100.0%
        return "> 99.9%"
    return f"{value:.0%}" if value in {0, 1} else f"{value:.1%}"


def seconds(value: float | None) -> str:
    """Return milliseconds, seconds, or minutes and seconds from two minutes on."""
    if value is None or not math.isfinite(value):
        return NONE
    if value >= 120:  # noqa: PLR2004  # two minutes
        minutes, rest = divmod(round(value), 60)
        return f"{minutes:,} min {rest:02d} s"
    if value >= 1:
        return f"{value:.3g} s" if value < _PLAIN_BELOW else f"{value:.0f} s"
    return f"{value * 1000:.0f} ms" if value >= 0.01 else f"{value * 1000:.2g} ms"  # noqa: PLR2004


def size(value: float | None) -> str:
    """Return a number of bytes in powers of 1000."""
    if value is None or not math.isfinite(value):
        return NONE
    return byte_size(value)


def figure(value: float | None, unit: str) -> str:
    """Return a figure with its unit."""
    if unit in {"bytes", "B"}:
        return size(value)
    if unit in {"seconds", "s"}:
        return seconds(value)
    if unit == "share":
        return share(value)
    text = thousands(value)
    if unit == "ratio":
        return text
    return text if text == NONE else f"{text} {unit}".rstrip()


def sortable(value: float | None) -> str:
    """Return a number for the script to sort by; ``nan`` without one."""
    return "nan" if value is None else repr(value)


def percent_width(value: float) -> str:
    """Return percent as an SVG length."""
    return f"{min(max(value, 0.0), 100.0):.3f}%" if math.isfinite(value) else "0%"


def data_uri(png: bytes) -> Markup:
    """Return a PNG as an address that holds it."""
    return Markup("data:image/png;base64,{}").format(base64.b64encode(png).decode("ascii"))


def safe_text(value: Any) -> Any:
    """Return a text as one printable line, and anything else as it is.

    Every text of a page goes through here: names, codes and paths come from files of others.
    """
    is_foreign = isinstance(value, str) and not isinstance(value, Markup)
    return one_line(value, _TEXT_LENGTH) if is_foreign else value


def setting(value: Any) -> str:
    """Return the value of an option in words."""
    if value is None:
        return "default"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return one_line(", ".join(str(one) for one in value), _VALUE_LENGTH) or "all"
    return one_line(str(value), _VALUE_LENGTH)


def srcdoc(html: str) -> Markup:
    """Return a whole page as the value of an attribute."""
    return Markup(escape(html))  # noqa: S704 -- escaped here; it is too long for ``safe_text``


FILTERS = {
    "number_of": number_of,
    "thousands": thousands,
    "two_digits": two_digits,
    "share": share,
    "seconds": seconds,
    "bytes": size,
    "figure": figure,
    "sortable": sortable,
    "percent_width": percent_width,
    "data_uri": data_uri,
    "srcdoc": srcdoc,
}
