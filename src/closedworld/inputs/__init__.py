"""What a world is built from: coded polygons, rasters and reference data, opened and checked."""
