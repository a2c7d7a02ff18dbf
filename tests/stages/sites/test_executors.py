"""Sites of many small tasks: the same bytes from every executor of this machine, number of workers and order of rows.

Tests of the runner, and the golden test of all stages, have Dask as well.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from site_worlds import SiteWorld

pytestmark = pytest.mark.slow

TASK_SITES = 11
MCCS = (5411, 5812, 5912, 6011, 5815, None)


def table() -> list[dict[str, Any]]:
    """Return merchants of all kinds, some that end amid a task and some bound to a town, a circle or nothing."""
    rows: list[dict[str, Any]] = [
        {"merchant_id": f"m{k}", "country_iso": iso, "n": 1 + 7 * k % 19, "mcc": MCCS[k % 6]}
        for k in range(12)
        for iso in ("FJ", "LU", "MT", "NA")
    ]
    circle = {"lon": 178.44, "lat": -18.1, "radius_km": 9.0}
    return [
        *rows,
        {"merchant_id": "town", "country_iso": "NA", "n": 25, "place": "Windhoek"},
        {"merchant_id": "circle", "country_iso": "FJ", "n": 25, **circle},
    ]


def files_of(
    world: SiteWorld, out: Path, rows: list[dict[str, Any]], **how: Any
) -> dict[str, bytes]:
    """Place outlets and return the bytes of every file of the result."""
    built = world.build(out, rows, seed=7, task_sites=TASK_SITES, **how)
    folder = built.published.folder
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def reference(built_world: SiteWorld, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return files_of(built_world, tmp_path_factory.mktemp("serial"), table())


@pytest.mark.parametrize(
    ("executor", "workers"),
    [
        ("threads", 1),
        ("threads", 5),
        ("threads", 2),
        ("processes", 2),
    ],
)
def test_every_local_executor_writes_the_same_files(
    built_world: SiteWorld,
    reference: dict[str, bytes],
    tmp_path: Path,
    executor: str,
    workers: int,
) -> None:
    assert sum(name.startswith("sites/NA-") for name in reference) > workers
    rows = random.Random(workers).sample(table(), len(table()))
    assert files_of(built_world, tmp_path, rows, executor=executor, workers=workers) == reference


def test_one_merchant_fewer_gives_other_files(
    built_world: SiteWorld, reference: dict[str, bytes], tmp_path: Path
) -> None:
    """So that the test above could fail."""
    assert files_of(built_world, tmp_path, table()[1:]) != reference
