"""Placing sites: down a quadtree of blocks to a tile, and to a point in it, each site by itself."""

from closedworld.kernels.placing.block_tree import GAMMA_ONE, Blocks
from closedworld.kernels.placing.circles import (
    Circle,
    have_circles,
    on_tile,
    tiles_of_shape,
    within_circle,
)
from closedworld.kernels.placing.commuting import work_sites
from closedworld.kernels.placing.sites import (
    PlacingDomain,
    SiteRequest,
    place_sites,
    site_keys,
)
from closedworld.kernels.placing.towns import Towns

__all__ = [
    "GAMMA_ONE",
    "Blocks",
    "Circle",
    "PlacingDomain",
    "SiteRequest",
    "Towns",
    "have_circles",
    "on_tile",
    "place_sites",
    "site_keys",
    "tiles_of_shape",
    "within_circle",
    "work_sites",
]
