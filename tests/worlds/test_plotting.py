"""Maps for notebooks: tiles, and points over tiles."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from PIL import Image

from closedworld.errors import ConfigError, GeometryError
from closedworld.worlds import open_world

if TYPE_CHECKING:
    from pathlib import Path

    from built_worlds import Built


def test_a_picture_is_shown_and_saved(real: Built, tmp_path: Path) -> None:
    world = open_world(real.root)
    points = world.sample(country="NO", n=50, countries=real.countries)
    tiles = world.plot(country="NO", width=600)
    dotted = world.plot(points, country="NO", width=600)
    for picture in (tiles, dotted):
        with Image.open(io.BytesIO(picture._repr_png_())) as image:
            assert image.width == 600
    assert tiles.png != dotted.png
    assert dotted.png == world.plot(points.to_geopandas(), country="NO", width=600).png
    dotted.save(tmp_path / "deep" / "points.png")
    assert (tmp_path / "deep" / "points.png").read_bytes() == dotted.png
    with pytest.raises(ConfigError, match="output-format"):
        dotted.save("points.jpg")
    assert len(repr(dotted)) < 60


def test_what_cannot_be_drawn_is_refused(real: Built) -> None:
    world = open_world(real.root)
    with pytest.raises(ConfigError, match="picture-width"):
        world.plot(width=10)
    with pytest.raises(GeometryError, match="coordinates-out-of-range"):
        world.plot(pd.DataFrame({"lon": [1.0], "lat": [99.0]}))


def test_html_of_a_world_lists_its_largest_countries(real: Built) -> None:
    html = open_world(real.root)._repr_html_()
    assert html.index("<td>RU</td>") < html.index("<td>NO</td>") < html.index("<td>DE</td>")
