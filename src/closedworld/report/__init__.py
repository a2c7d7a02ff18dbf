"""The pictures of a world: a map of its tiles by country, and a close-up of single tiles."""

from closedworld.report.closeup import draw_closeup
from closedworld.report.window import Window
from closedworld.report.world_map import draw_world_map

__all__ = ["Window", "draw_closeup", "draw_world_map"]
