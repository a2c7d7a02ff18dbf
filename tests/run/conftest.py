"""Runs without pictures, which have tests of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from closedworld.run.tile_index import TileIndex


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write an empty file in place of the world map."""

    def draw(_index: TileIndex, _attribution: str, folder: Path) -> Path:
        (folder / "world_map.png").touch()
        return folder / "world_map.png"

    monkeypatch.setattr("closedworld.run.pipeline.draw_pictures", draw)
