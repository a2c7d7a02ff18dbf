"""The raster lattice: coordinates and ids, exact areas, and how to get a grid from a raster."""

from closedworld.grid.affine import Grid

__all__ = ["Grid"]
