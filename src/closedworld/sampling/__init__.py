"""Drawing points: tiles by weight, places on them by area, each by a key and a number alone."""

from closedworld.sampling.chance import MAX_POINTS, Keys, keys_of
from closedworld.sampling.line import Hits, Locate
from closedworld.sampling.points import Ground, Points, draw_points
from closedworld.sampling.shape import CountryShape
from closedworld.sampling.urn import UrnEmptyError

__all__ = [
    "MAX_POINTS",
    "CountryShape",
    "Ground",
    "Hits",
    "Keys",
    "Locate",
    "Points",
    "UrnEmptyError",
    "draw_points",
    "keys_of",
]
