"""Slow, obvious oracles and tiny worlds for testing tiles and weights.

Hypothesis strategies are in ``closedworld.testing.strategies``. They need hypothesis, and
``tiles_by_coverage`` needs exactextract: the extra ``testing`` installs both. Importing
this package needs neither.
"""

from closedworld.testing.apportionment import apportioned, micro_persons_exactly
from closedworld.testing.drawing import HalfCells, picture_of, tiles_of
from closedworld.testing.exact import is_exactly_turned, side_exactly, tiles_exactly
from closedworld.testing.oracles import shared_areas, tiles_by_coverage, tiles_by_geos, turned
from closedworld.testing.worlds import TinyCountry, tiny_countries, tiny_grid

__all__ = [
    "HalfCells",
    "TinyCountry",
    "apportioned",
    "is_exactly_turned",
    "micro_persons_exactly",
    "picture_of",
    "shared_areas",
    "side_exactly",
    "tiles_by_coverage",
    "tiles_by_geos",
    "tiles_exactly",
    "tiles_of",
    "tiny_countries",
    "tiny_grid",
    "turned",
]
