"""The world map of a run is there and is a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image

from closedworld.config.run import RunConfig
from closedworld.errors import PublishError
from closedworld.kernels.spans import Rule
from closedworld.maps.world_map import draw_tiles
from closedworld.run.pipeline import run_world

if TYPE_CHECKING:
    from pathlib import Path

    from closedworld.stages.tiles.outcome import TileIndex


@pytest.mark.slow
@pytest.mark.usefixtures("world_map")
def test_a_run_draws_a_world_map_in_more_than_one_colour(tmp_path: Path) -> None:
    outcome = run_world(RunConfig(out=tmp_path, countries=("FR", "DE"), resolution="1deg"))
    with Image.open(outcome.report_folder / "world_map.png") as picture:
        assert picture.format == "PNG"
        assert min(picture.size) > 300
        colours = picture.convert("RGB").getcolors(2**24)
    assert colours is not None
    assert len(colours) > 3


@pytest.mark.slow
def test_a_picture_that_cannot_be_written_is_reported(
    tiny_index: TileIndex, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PublishError) as caught:
        draw_tiles(tiny_index.world.spans, Rule.CENTER, "", tmp_path / "file" / "map.png")
    assert caught.value.code == "output-not-writable"
