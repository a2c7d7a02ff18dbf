"""Published results, opened: tiles as runs, cumulative weights, the polygons they were built from."""
