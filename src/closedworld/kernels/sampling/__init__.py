"""Sampling points: tiles by weight, points in them by area, each from a key and a number alone."""

from closedworld.kernels.sampling.points import Points, SamplingDomain, draw_points
from closedworld.kernels.sampling.random_streams import Keys, stream_keys
from closedworld.kernels.sampling.shape import CountryShape
from closedworld.kernels.sampling.successive import PopulationExhaustedError
from closedworld.kernels.sampling.tile_descent import TileDescent
from closedworld.kernels.sampling.tile_weights import HeldWeights, in_memory

__all__ = [
    "CountryShape",
    "HeldWeights",
    "Keys",
    "Points",
    "PopulationExhaustedError",
    "SamplingDomain",
    "TileDescent",
    "draw_points",
    "in_memory",
    "stream_keys",
]
