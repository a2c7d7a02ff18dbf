"""Uses of published worlds: opened, sampled, compared and exported."""

from closedworld.worlds.world import PublishedWorld, open_world

__all__ = ["PublishedWorld", "open_world"]
