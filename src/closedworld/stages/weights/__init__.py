"""S2: an exact weight for every tile of a published index."""
