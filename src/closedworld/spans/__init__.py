"""Row spans: which tiles a polygon has, found by a scanline over its edges, and their algebra."""

from closedworld.spans.border import Border
from closedworld.spans.coverage import border_coverage
from closedworld.spans.regions import border_tiles, region_spans, shared_tiles
from closedworld.spans.rowspans import RowSpans
from closedworld.spans.rules import Rule

__all__ = [
    "Border",
    "RowSpans",
    "Rule",
    "border_coverage",
    "border_tiles",
    "region_spans",
    "shared_tiles",
]
