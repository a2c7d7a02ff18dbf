"""Uses of published worlds: opened, sampled, compared and exported."""

from closedworld.worlds.opening import open_world
from closedworld.worlds.world import PublishedWorld

__all__ = ["PublishedWorld", "open_world"]
