"""Runs without pictures, which have tests of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write an empty file in place of the world map."""

    def draw(_spans: object, _rule: object, _attribution: str, path: Path) -> None:
        path.touch()

    monkeypatch.setattr("closedworld.stages.tiles.picture.draw_tiles", draw)
