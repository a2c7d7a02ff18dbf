"""closedworld: raster cells per country, exactly and fast."""

from closedworld._version import __version__

__all__ = ["__version__"]
