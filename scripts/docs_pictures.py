"""Draw the map of the README with the program itself.

Runs `closedworld tiles --resolution 30s` on the bundled countries (some 400 MB of scratch space) and
takes its map. The other pictures are views of pages: `scripts/report_images.py`, `scripts/map_images.py`.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from closedworld import RunConfig, run_world
from closedworld.stages import TILES

IMAGES = Path(__file__).parents[1] / "docs" / "images"


def main() -> None:
    """Draw the picture."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        outcome = run_world(RunConfig(resolution="30s", out=Path(scratch)))
        shutil.copy(outcome.report_folder / TILES.picture_name, IMAGES / "world.png")


if __name__ == "__main__":
    main()
