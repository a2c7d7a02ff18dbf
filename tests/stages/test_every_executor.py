"""One run, every executor: the same files and receipts, byte for byte, of all stages."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from closedworld.config.run import RunConfig
from closedworld.config.table import EXECUTORS
from closedworld.run.pipeline import run_world

pytestmark = pytest.mark.slow

# Large and tiny, across the antimeridian and without a tile of their own on coarser grids.
COUNTRIES = ("RU", "FJ", "MT", "LU", "KI")


def digests_of_run(out: Path, **options: Any) -> dict[str, str]:
    """Run all stages, weights by population and coverage, and return the digest of every file."""
    run_world(
        RunConfig(
            out=out,
            countries=COUNTRIES,
            rule="any_overlap",
            coverage=True,
            weigh_by_coverage=True,
            basis="population:0.9,area_m2:0.1",
            merchants=Path("demo"),
            seed=7,
            **options,
        )
    )
    files = [
        path
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.relative_to(out).parts[0] != "reports"
    ]
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return digests_of_run(tmp_path_factory.mktemp("serial"), executor="serial")


@pytest.mark.parametrize(
    ("executor", "workers"),
    [("threads", 1), *((executor, 3) for executor in EXECUTORS if executor != "serial")],
)
def test_every_executor_publishes_the_same_bytes(
    tmp_path: Path, reference: dict[str, str], executor: str, workers: int
) -> None:
    for file in ("tile_weights/RU-00000.parquet", "sites/RU-00000.parquet", "validation.json"):
        assert any(path.endswith(file) for path in reference)
    assert digests_of_run(tmp_path, executor=executor, workers=workers) == reference


def test_the_default_and_workers_of_their_own_for_each_stage_give_the_same(
    tmp_path: Path, reference: dict[str, str]
) -> None:
    assert digests_of_run(tmp_path / "default") == reference
    assert digests_of_run(tmp_path / "own", stage_workers={"s1": 1, "s2": 3, "s9": 2}) == reference
