"""Countries: reading polygons, ISO codes, validity, and the antimeridian."""
