"""The map page of a world: one HTML file in which people zoom from the globe to single tiles."""
