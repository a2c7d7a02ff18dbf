"""Points of several ids together are those of each alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely

from closedworld.kernels.sampling import CountryShape, stream_keys
from closedworld.kernels.sampling.points import SamplingDomain, draw_points
from closedworld.kernels.spans import RowSpans

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from closedworld.kernels.sampling import TileDescent

    DescentOf = Callable[[Sequence[int]], TileDescent]

GLOBE = shapely.MultiPolygon([shapely.box(-180, -90, 180, 90)])


@pytest.fixture
def domain(descent_of: DescentOf) -> SamplingDomain:
    descent = descent_of([3, 1, 4, 1, 5, 9, 2, 6])
    return SamplingDomain(RowSpans.empty(descent.spans.grid), descent, CountryShape([GLOBE]))


@pytest.mark.parametrize("with_replacement", [True, False])
@pytest.mark.parametrize("counts", [[2, 3, 1], [0, 4, 0, 1], [5]], ids=str)
def test_points_of_ids_are_those_of_each_alone(
    domain: SamplingDomain, counts: list[int], *, with_replacement: bool
) -> None:
    keys = stream_keys(map(str, range(len(counts))), "DE", 1)

    def points(first: int, stop: int) -> list[tuple[int, float, float]]:
        found = draw_points(
            domain,
            keys[first:stop],
            np.array(counts[first:stop]),
            with_replacement=with_replacement,
        )
        columns = (found.tile_ids.tolist(), found.lons.tolist(), found.lats.tolist())
        return list(zip(*columns, strict=True))

    alone = [points(k, k + 1) for k in range(len(counts))]
    assert [len(one) for one in alone] == counts
    assert points(0, len(counts)) == [point for one in alone for point in one]


def test_no_ids_have_no_points(domain: SamplingDomain) -> None:
    none = draw_points(
        domain, stream_keys([], "DE", 1), np.empty(0, np.int64), with_replacement=True
    )
    assert len(none.tile_ids) == 0
