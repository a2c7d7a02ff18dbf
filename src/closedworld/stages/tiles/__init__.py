"""S1: every country cut into the tiles of the grid."""
