"""Things are done traveller by traveller, stage by stage, in the order of their plans."""

from __future__ import annotations

import numpy as np

from closedworld.kernels.lives.trips import seconds_needed
from closedworld.kernels.lives.ways import _times
from closedworld.kernels.sphere import arc_km, chord_km, to_xyz


def test_times_are_those_of_one_traveller_after_another() -> None:
    rng = np.random.default_rng(4)
    n = 80
    traveller, stage = rng.integers(0, 5, n), rng.integers(0, 4, n)
    planned = 1_000_000 + rng.permutation(40 * n)[:n]
    xyz = to_xyz(rng.normal(8.0, 0.2, n), rng.normal(50.0, 0.2, n))
    expected = np.empty(n, np.int64)
    before = -1
    for one in np.lexsort((planned, stage, traveller)).tolist():
        expected[one] = planned[one]
        if before >= 0 and traveller[before] == traveller[one]:
            km = arc_km(chord_km(xyz[:, [before]], xyz[:, [one]]))
            expected[one] = max(planned[one], expected[before] + seconds_needed(km)[0])
        before = one
    assert _times(traveller, stage, planned, xyz).tolist() == expected.tolist()
