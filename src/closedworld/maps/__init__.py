"""The pictures of a world: maps of its tiles and of its weights."""

from closedworld.maps.weights_map import draw_weights_map
from closedworld.maps.world_map import draw_world_map

__all__ = ["draw_weights_map", "draw_world_map"]
