"""The pictures of a world: maps of its tiles and of its weights, and a close-up of single tiles."""

from closedworld.maps.closeup import draw_closeup
from closedworld.maps.weights_map import draw_weights_map
from closedworld.maps.window import Window
from closedworld.maps.world_map import draw_world_map

__all__ = ["Window", "draw_closeup", "draw_weights_map", "draw_world_map"]
