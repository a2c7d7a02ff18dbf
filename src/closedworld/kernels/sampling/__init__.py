"""Sampling points: tiles by weight, points in them by area, each from a key and a number alone."""

from closedworld.kernels.sampling.points import Points, SamplingDomain, draw_points
from closedworld.kernels.sampling.random_streams import Keys, stream_keys
from closedworld.kernels.sampling.shape import CountryShape
from closedworld.kernels.sampling.successive import PopulationExhaustedError
from closedworld.kernels.sampling.tile_descent import TileDescent
from closedworld.kernels.sampling.tile_weights import TileWeights, in_memory, packed

__all__ = [
    "CountryShape",
    "Keys",
    "Points",
    "PopulationExhaustedError",
    "SamplingDomain",
    "TileDescent",
    "TileWeights",
    "draw_points",
    "in_memory",
    "packed",
    "stream_keys",
]
