"""Text for people: text from files made safe to show, and counts and sizes with their units.

Names and codes in a file may hold line breaks, terminal escapes or megabytes of text. Nothing from a
file enters a message, a report or a path except through here or through the ISO table.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

_SHOWN_LENGTH = 40
_NAME_LENGTH = 120
_LIBRARY_LENGTH = 300
HTML_ROWS = 10
"""Rows that a table in a notebook shows."""


def quoted(value: object) -> str:
    """Return ``repr(value)``, which escapes what cannot be printed, cut to 40 characters."""
    # repr of a huge string would be built in full before it is cut.
    text = repr(value[: 2 * _SHOWN_LENGTH] if isinstance(value, str) else value)
    return text if len(text) <= _SHOWN_LENGTH else text[: _SHOWN_LENGTH - 3] + "..."


def printable(text: str) -> str:
    """Return ``text`` with unprintable characters (``str.isprintable``) as escapes.

    For whole lines on their way to a terminal: nothing is cut, and paths stay recognisable.
    """
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text
    )


def one_line(text: str, length: int = _NAME_LENGTH) -> str:
    """Return ``text`` on one line, cut to ``length``, with unprintable characters as blanks.

    ``str.isprintable`` counts control, format (text direction), surrogate and unassigned characters
    as unprintable.
    """
    cut = text[: 4 * length]
    line = " ".join("".join(c if c.isprintable() else " " for c in cut).split())
    return line if len(line) <= length else line[: length - 3] + "..."


def library_message(error: BaseException) -> str:
    """Return the message of a library's error, on one line and without a final stop."""
    return one_line(str(error), _LIBRARY_LENGTH).rstrip(".") or type(error).__name__


def listed(names: tuple[str, ...], limit: int = 30) -> str:
    """Return the first ``limit`` names, separated by commas, and how many more there are."""
    first = ", ".join(one_line(name, _SHOWN_LENGTH) for name in names[:limit])
    more = len(names) - limit
    return f"{first} and {more} more" if more > 0 else first or "none"


def number_of(count: int, one: str, many: str) -> str:
    """Return a number with its noun, such as ``1 country`` or ``250 countries``."""
    return f"{count:,} {one if count == 1 else many}"


def byte_size(size_bytes: float) -> str:
    """Return a size in the largest power of 1000 that it reaches, such as ``1.1 GB`` or ``452 MB``."""
    for factor, unit in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if abs(size_bytes) >= factor:
            size = size_bytes / factor
            return f"{size:,.1f} {unit}" if abs(size) < 99.95 else f"{size:,.0f} {unit}"  # noqa: PLR2004
    return f"{size_bytes:,.0f} bytes"


def html_table(
    title: str,
    names: Sequence[str],
    rows: Sequence[Sequence[object]],
    total: int | None = None,
) -> str:
    """Return the first rows of a table as HTML, with a title and how many rows are left out.

    Args:
        title: A line above.
        names: Names of the columns.
        rows: All rows, or the first ``HTML_ROWS`` at least.
        total: How many there are in all; None if ``rows`` has all.
    """

    def line(cells: Sequence[object], tag: str) -> str:
        texts = [one_line(str(cell)) for cell in cells]
        return "<tr>" + "".join(f"<{tag}>{escape(text)}</{tag}>" for text in texts) + "</tr>"

    body = "".join(line(row, "td") for row in rows[:HTML_ROWS])
    left = (len(rows) if total is None else total) - HTML_ROWS
    more = f"<p>and {left:,} more</p>" if left > 0 else ""
    title = escape(printable(title))
    return f"<p>{title}</p><table>{line(names, 'th')}{body}</table>{more}"
