"""Comparing two answers to which tiles there are, and printing how many differ as JSON."""

from __future__ import annotations

import json
import sys

import numpy as np


def compare(ours_path: str, theirs_path: str) -> dict[str, int]:
    """Return the number of tiles of the second answer, and how many are not alike in both.

    Answers are tile identifiers (one axis) or rasters of country codes (two axes, 0 is no country); no
    identifier may come twice.
    """
    ours, theirs = (np.load(path, mmap_mode="r") for path in (ours_path, theirs_path))
    if ours.ndim == 1:
        return {"tiles": theirs.size, "differing": np.setxor1d(ours, theirs).size}
    pairs = zip(ours, theirs, strict=True)
    differing = sum(int(np.count_nonzero(mine != other)) for mine, other in pairs)
    return {"tiles": int(np.count_nonzero(theirs)), "differing": differing}


if __name__ == "__main__":
    print(json.dumps(compare(*sys.argv[1:])))
