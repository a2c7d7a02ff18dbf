"""Draw the small grid of docs/explanation: one country under both rules, and its runs.

Which tiles are filled the kernels say; nothing is drawn by hand. Usage: python scripts/grid_pictures.py
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from closedworld import Grid, RowSpans
from closedworld.testing import HalfCells, tiles_of

if TYPE_CHECKING:
    from collections.abc import Iterator

IMAGES = Path(__file__).parents[1] / "docs" / "images"

# Half cells from the grid's north-west corner: even numbers are edges of cells, odd ones centres. The
# west side and the hole run through centres, the south side along the edge of a row.
COAST = [(3, 4), (3, 12), (14, 12), (18, 6), (15, 2), (8, 1)]
LAKE = HalfCells.corners(9, 5, 13, 9)
GRID = Grid(0.0, 7.0, 1.0, 1.0, 10, 7)
LAND = HalfCells(GRID).polygon(COAST, LAKE)

CELL = 34
GAP = 44
MARGIN = 22
TITLE = 36

STYLE = """
text { font: 15px system-ui, sans-serif; fill: #222c3a }
.small { font-size: 12px; fill: #4b5765 }
.paper { fill: #fcfbf7 }
.cell { fill: none; stroke: #c4cfd6 }
.tile { fill: #3b959b; fill-opacity: .55 }
.more { fill: #ebb74e; fill-opacity: .85 }
.run { fill: #3b959b }
.on { fill: #fff; font-size: 12px }
.border { fill: none; stroke: #b85730; stroke-width: 2.5; fill-rule: evenodd }
.centre { fill: #222c3a }
"""


def main() -> None:
    """Write both pictures."""
    for name, picture in pictures().items():
        (IMAGES / name).write_text(picture, encoding="utf-8")
        print(f"{name}: {len(picture):,} bytes")


def pictures() -> dict[str, str]:
    """Return each picture by the name of its file."""
    center, wider = (RowSpans.from_polygon(LAND, GRID, rule) for rule in ("center", "any_overlap"))
    width, height = CELL * GRID.n_cols, CELL * GRID.n_rows
    left = "".join(panel(f"center: {len(center)} tiles", center))
    right = "".join(panel(f"any_overlap: {len(wider)} tiles", center, wider - center))
    rules = f'<g>{left}</g><g transform="translate({width + GAP} 0)">{right}</g>'
    runs = "".join(panel(f"{center.n_runs} runs", center, runs=True))
    total = 2 * MARGIN + height + TITLE
    return {
        "rules-grid.svg": svg(2 * width + GAP + 2 * MARGIN, total, "The two rules", rules),
        "runs-grid.svg": svg(width + 2 * MARGIN, total, "Runs of tiles", runs),
    }


def svg(width: int, height: int, title: str, content: str) -> str:
    """Return a picture on its own paper, so that it can be read on a page of any colour."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img"><title>{title}</title><style>{STYLE}</style>'
        f'<rect class="paper" width="{width}" height="{height}" rx="8"/>'
        f'<g transform="translate({MARGIN} {MARGIN + TITLE})">{content}</g></svg>\n'
    )


def panel(
    title: str, tiles: RowSpans, more: RowSpans | None = None, *, runs: bool = False
) -> Iterator[str]:
    """Yield the parts of a grid: its tiles, or its runs with their columns, then border and centres."""
    yield f'<text x="0" y="{-14 - runs * 14}">{title}</text>'
    if not runs:
        yield from squares(tiles, "tile")
    if more is not None:
        yield from squares(more, "more")
    for row in range(GRID.n_rows):
        for col in range(GRID.n_cols):
            x, y = col * CELL, row * CELL
            yield f'<rect class="cell" x="{x}" y="{y}" width="{CELL}" height="{CELL}"/>'
            if not runs:
                yield f'<circle class="centre" cx="{x + CELL // 2}" cy="{y + CELL // 2}" r="1.8"/>'
    if runs:
        yield from numbers()
        yield from bars(tiles)
    else:
        rings = "".join(
            "M"
            + "L".join(f"{across * CELL // 2} {down * CELL // 2}" for across, down in ring)
            + "z"
            for ring in (COAST, LAKE)
        )
        yield f'<path class="border" d="{rings}"/>'


def numbers() -> Iterator[str]:
    """Yield the numbers of columns and rows beside the grid."""
    for col in range(GRID.n_cols):
        yield f'<text class="small" x="{col * CELL + 2}" y="-5">{col}</text>'
    for row in range(GRID.n_rows):
        yield f'<text class="small" x="-13" y="{row * CELL + CELL // 2 + 5}">{row}</text>'


def squares(tiles: RowSpans, kind: str) -> Iterator[str]:
    """Yield a square for each tile."""
    for row, cells in enumerate(tiles_of(tiles)):
        for col in cells.nonzero()[0]:
            x, y = col * CELL, row * CELL
            yield f'<rect class="{kind}" x="{x}" y="{y}" width="{CELL}" height="{CELL}"/>'


def bars(tiles: RowSpans) -> Iterator[str]:
    """Yield a bar for each run, with its columns."""
    for row, start, stop in zip(tiles.rows, tiles.col_starts, tiles.col_stops, strict=True):
        x, y, width = start * CELL, row * CELL, (stop - start) * CELL
        yield f'<rect class="run" x="{x + 3}" y="{y + 5}" width="{width - 6}" height="{CELL - 10}" rx="6"/>'
        yield f'<text class="on" x="{x + 6}" y="{y + CELL // 2 + 5}">{start}..{stop}</text>'


if __name__ == "__main__":
    main()
