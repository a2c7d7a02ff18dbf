"""What the checks of sites count, and where each begins to fail."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from site_worlds import SiteWorld

from closedworld.stages.checking import CheckCounts
from closedworld.stages.sites.checks import CLAIMS, _check_collapse
from closedworld.stages.sites.plan import SitePlan
from closedworld.store.local import LocalStorage
from closedworld.store.receipt import FileEntry

if TYPE_CHECKING:
    from pathlib import Path


def counted(
    world: SiteWorld, out: Path, rows: list[dict[str, Any]], **options: Any
) -> dict[str, int]:
    """Return how many were looked at by each check of what is published."""
    folder = world.build(out, rows, **options).published.folder
    content = json.loads((folder / "validation.json").read_bytes())["checks"]
    assert all(one["passed"] and one["failed"] == 0 for one in content)
    return {one["check"]: one["checked"] for one in content}


@pytest.mark.parametrize("task_sites", [1000, 7])
def test_each_check_looks_at_what_it_is_about(
    site_world: SiteWorld, tmp_path: Path, task_sites: int
) -> None:
    """At all outlets; on the map; bound to a circle or a tile; first ones; unbound ones that do not keep apart."""
    tile = int(site_world.index.spans["LU"].tile_ids()[30])
    common = {"country_iso": "LU"}
    rows = [
        {**common, "merchant_id": "circle", "n": 5, "lon": 6.1, "lat": 49.6, "radius_km": 9.0},
        {**common, "merchant_id": "tile", "n": 3, "tile_id": tile},
        {**common, "merchant_id": "apart", "n": 4, "mcc": 5411},
        {**common, "merchant_id": "free", "n": 6, "mcc": 5912},
        {**common, "merchant_id": "web", "n": 2, "mcc": 5815},
        {**common, "merchant_id": "seated", "mcc": 5815, "place": "Luxembourg"},
        {**common, "merchant_id": "shut", "n": 0},
    ]
    assert counted(site_world, tmp_path, rows, task_sites=task_sites) == {
        "rows": 21,
        "keys": 21,
        "site_ids": 21,
        "tiles": 18,
        "polygons": 18,
        "areas": 8,
        "time_zones": 19,
        "latitudes": 0,
        "merchants": 4,
        "seeds": 18,
        "blocks": 6,
    }


def test_five_hundred_sites_are_placed_with_another_seed_and_latitudes_count_from_a_thousand(
    site_world: SiteWorld, tmp_path: Path
) -> None:
    found = counted(site_world, tmp_path, [{"merchant_id": "m", "country_iso": "LU", "n": 1000}])
    assert (found["seeds"], found["blocks"], found["merchants"]) == (500, 1000, 1)
    assert 950 < found["latitudes"] <= 1000


@pytest.mark.parametrize(
    ("sites", "alike", "looked_at", "failed"),
    [(1000, 10, 991, 0), (1000, 11, 990, 1), (1099, 11, 1089, 1), (999, 900, 0, 0), (0, 0, 0, 0)],
)
def test_a_latitude_may_have_a_hundredth_of_many_sites(
    sites: int, alike: int, looked_at: int, failed: int
) -> None:
    lats = [50.0] * alike + [1.0 + number / 1000 for number in range(sites - alike)]
    orders = pa.array([2] * sites, pa.int32())
    here = pa.table(
        {
            "site_order": orders,
            "lon": pa.nulls(sites, pa.float64()),
            "lat": pa.array(lats, pa.float64()),
        }
    )
    counts = CheckCounts()
    _check_collapse(counts, here)
    assert (counts.checked["latitudes"], counts.failed["latitudes"]) == (looked_at, failed)
    assert (counts.checked["merchants"], counts.failed["merchants"]) == (0, 0)


def test_first_outlets_do_not_share_points() -> None:
    here = pa.table(
        {
            "site_order": pa.array([1, 1, 1, 2, 1, 0], pa.int32()),
            "lon": [6.0, 6.0, 6.5, 6.5, 6.0, 6.0],
            "lat": [49.0, 49.0, 49.0, 49.0, 49.5, 49.0],
        }
    )
    counts = CheckCounts()
    _check_collapse(counts, here)
    assert (counts.checked["merchants"], counts.failed["merchants"]) == (4, 1)
    assert set(counts.checked) < set(CLAIMS)


@pytest.mark.parametrize(
    ("files", "checked", "failed"),
    [
        ([], 0, 0),
        ([[7]], 1, 0),
        ([[3, 1], [2]], 3, 0),
        ([[3, 1], [1, 5, 5]], 5, 2),
        ([[9, 9, 9]], 3, 2),
        ([[], [4, 8], [8]], 3, 1),
    ],
)
def test_ids_that_several_sites_have_are_counted_in_whatever_files(
    tmp_path: Path, files: list[list[int]], checked: int, failed: int
) -> None:
    (tmp_path / "sites").mkdir()
    entries = [FileEntry("merchants/LU-00000.parquet", 1, 3, "")]
    for number, ids in enumerate(files):
        path = f"sites/LU-0000{number}.parquet"
        pq.write_table(pa.table({"site_id": pa.array(ids, pa.int64())}), tmp_path / path)
        entries.append(FileEntry(path, 1, len(ids), ""))
    nothing: Any = None
    plan = SitePlan(nothing, {}, 5, nothing, nothing)
    counts = CheckCounts()
    plan.check_written(LocalStorage(tmp_path), entries, counts)
    assert counts == CheckCounts({"site_ids": checked}, {"site_ids": failed})
