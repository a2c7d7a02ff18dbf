"""The pictures of the small grid are what the kernels give now."""

from __future__ import annotations

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_pictures_of_the_small_grid_are_those_that_the_script_draws() -> None:
    """A rule that changed would change them; to draw them anew: `python scripts/grid_pictures.py`."""
    drawn = runpy.run_path(str(ROOT / "scripts" / "grid_pictures.py"))["pictures"]()
    for name, picture in drawn.items():
        assert (ROOT / "docs" / "images" / name).read_text(encoding="utf-8") == picture
    assert list(drawn) == ["rules-grid.svg", "runs-grid.svg"]
