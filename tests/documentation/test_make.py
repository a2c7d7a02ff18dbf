"""The two commands that the README begins with."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from plugin import LONGEST

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_make_world_builds_the_bundled_world(made_world: Callable[[], tuple[Path, str]]) -> None:
    """`make world` on a checkout builds the bundled world into ./world."""
    world, printed = made_world()
    assert "tiles of 236 countries" in printed
    assert list(world.glob("tiles/parameter_hash=*/_receipt.json"))
    assert list(world.glob("reports/*/world_map.png"))


def test_make_test_runs_pytest() -> None:
    plan = subprocess.run(
        ["make", "--dry-run", "test"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "-m pytest" in plan.stdout


def test_the_files_that_are_run_first_are_there() -> None:
    assert all((ROOT / name).exists() for name in LONGEST)
