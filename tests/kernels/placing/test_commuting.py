"""Where people work is what trying six points round each home one by one finds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from closedworld.kernels.placing import commuting
from closedworld.kernels.sphere import to_xyz
from closedworld.verification.site_numbers import philox

if TYPE_CHECKING:
    from numpy.typing import NDArray

DISTANCES_KM = (0.3, 1.5, 3.0, 5.0, 7.5, 11.0, 16.0, 26.0, 60.0)
KM_PER_DEGREE = 6371.0088 * math.pi / 180


def plain_work(lon: float, lat: float, key: list[int], sites: NDArray[np.float64]) -> int:
    words = philox((0, 0, key[2], key[3]), (key[0], key[1]))
    part, turn = ((words[i] << 21 | words[i + 1] >> 11) / 2**53 for i in (0, 2))
    eighth, inside = divmod(part * 8, 1)
    least, most = DISTANCES_KM[int(eighth) : int(eighth) + 2]
    km = least + inside * (most - least)
    best = (math.inf, -1)
    for direction in range(6):
        angle = math.radians(360 * turn + 60 * direction)
        narrow = max(math.cos(math.radians(lat)), 0.1)
        x = lon + km * math.sin(angle) / (KM_PER_DEGREE * narrow)
        y = min(90.0, max(-90.0, lat + km * math.cos(angle) / KM_PER_DEGREE))
        away = np.linalg.norm(sites - to_xyz(np.array([x]), np.array([y])), axis=0)
        best = min(best, (float(away.min()), int(away.argmin())))
    return best[1]


@pytest.mark.parametrize("lat", [-17.0, 50.0, 86.0, -89.95])
def test_work_is_at_the_site_nearest_to_one_of_the_points(lat: float) -> None:
    rng = np.random.default_rng(5)
    n = 30
    lons, lats = 179.9 + 0.2 * rng.random(n), np.clip(lat + 0.1 * rng.normal(size=n), -90, 90)
    keys = rng.integers(0, 2**32, (n, 4), dtype=np.uint32)
    site_lons = rng.normal(180.0, 3.0, 1500)
    site_lons -= 360.0 * (site_lons > 180.0)
    site_lats = np.clip(rng.normal(lat, 0.4, 1500), -90, 90)
    got = commuting.work_sites(lons, lats, keys, site_lons, site_lats)
    sites = to_xyz(site_lons, site_lats)
    homes = zip(lons.tolist(), lats.tolist(), keys.tolist(), strict=True)
    assert got.tolist() == [plain_work(*home, sites) for home in homes]


def test_how_many_people_are_taken_at_once_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(6)
    keys = rng.integers(0, 2**32, (50, 4), dtype=np.uint32)
    given = rng.random(50), rng.random(50), keys, rng.random(300), rng.random(300)
    whole = commuting.work_sites(*given)
    monkeypatch.setattr(commuting, "_CHUNK", 7)
    assert commuting.work_sites(*given).tolist() == whole.tolist()
