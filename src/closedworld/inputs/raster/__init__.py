"""Rasters: their grid, their layout in the file, and their pixels."""
