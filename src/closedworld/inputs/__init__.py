"""The inputs of a world: coded polygons, rasters and reference data, opened, checked and sealed."""
