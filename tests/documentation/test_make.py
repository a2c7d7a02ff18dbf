"""The two commands that the README begins with."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENVIRONMENT = Path(sys.prefix)


@pytest.mark.slow
@pytest.mark.skipif(
    not (ENVIRONMENT / ".installed").exists(), reason="the environment was not made by make"
)
def test_make_world_builds_the_bundled_world(tmp_path: Path) -> None:
    """`make world` on a checkout builds the bundled world into ./world."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy2(ROOT / name, tmp_path / name)
    # The environment is there already, as after the first `make`; nothing is installed twice.
    (tmp_path / ".venv").symlink_to(ENVIRONMENT)
    done = subprocess.run(
        ["make", "world"],
        cwd=tmp_path,
        env={**os.environ, "COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "tiles of 236 countries" in done.stdout
    assert list(tmp_path.glob("world/tiles/parameter_hash=*/_receipt.json"))
    assert list(tmp_path.glob("world/reports/*/world_map.png"))


def test_make_test_runs_pytest() -> None:
    plan = subprocess.run(
        ["make", "--dry-run", "test"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "-m pytest" in plan.stdout
