"""The map of the world: what stands at which pixel."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, cast

import numpy as np
import pyproj
import pytest
from PIL import Image

from closedworld.errors import ConfigError
from closedworld.execution.meters import peak_memory_bytes
from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import RowSpans
from closedworld.maps import draw_world_map
from closedworld.maps.canvas import COUNTRY_COLOURS, PAPER, SEA
from closedworld.maps.map_builder import cropped

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

BoxMaker = Callable[..., RowSpans]
Colour = tuple[int, int, int]

WIDTH = 1200
MARGIN = 30
TOP = 81  # heading without a subtitle at this width
# Land on all sides, so that the map shows the whole globe.
GLOBE = {
    "G1": (-160.0, -80.0, -130.0, -65.0),
    "G2": (-70.0, 65.0, -40.0, 80.0),
    "G3": (30.0, -80.0, 60.0, -65.0),
    "G4": (110.0, 65.0, 140.0, 80.0),
}


def draw(spans: Mapping[str, RowSpans], folder: Path, **options: object) -> Image.Image:
    """Draw a map and return it as a reader would open it, in RGB."""
    path = folder / "map.png"
    draw_world_map(spans, path, title="World", width=WIDTH, **options)  # type: ignore[arg-type]
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert image.mode == "P"
        return image.convert("RGB")


def on_globe(lon: float, lat: float) -> tuple[int, int]:
    """Return the pixel of a point, from pyproj's forward projection alone."""
    proj = pyproj.Proj("+proj=eqearth +ellps=WGS84 +lon_0=11")
    half_width = pyproj.Proj("+proj=eqearth +ellps=WGS84")(180, 0)[0]
    scale = (WIDTH - 2 * MARGIN - 2) / (2 * half_width)
    x, y = proj(lon, lat)
    _, pole = proj(11, 90)
    return int(WIDTH / 2 + x * scale), TOP + int((pole - y) * scale + 1)


def pixel(image: Image.Image, lon: float, lat: float) -> Colour:
    """Return the colour at a point of a globe map."""
    return cast("Colour", image.getpixel(on_globe(lon, lat)))


def whole_globe(
    box_tiles: BoxMaker, **boxes: tuple[float, float, float, float]
) -> dict[str, RowSpans]:
    """Return countries and land on all sides of the globe."""
    return {name: box_tiles(*box) for name, box in (GLOBE | boxes).items()}


def colours_of(image: Image.Image) -> dict[Colour, int]:
    """Return the number of pixels of each colour."""
    counted = image.getcolors(maxcolors=1 << 16)
    assert counted is not None
    return {cast("Colour", colour): count for count, colour in counted}


def test_a_square_country_stands_where_the_projection_says(
    box_tiles: BoxMaker, tmp_path: Path
) -> None:
    """Just inside its edges is land, just outside is sea."""
    grid = Grid.from_resolution("5m")
    spans = {name: box_tiles(*box, grid) for name, box in GLOBE.items()}
    spans["SQ"] = box_tiles(20, -20, 50, 10, grid)
    image = draw(spans, tmp_path)
    inside = [(22, -18), (48, -18), (22, 8), (48, 8), (35, -5)]
    outside = [(18, -18), (52, -18), (18, 8), (52, 8), (35, 12), (35, -22)]
    assert len({pixel(image, *point) for point in inside}) == 1
    assert pixel(image, 35, -5) in COUNTRY_COLOURS
    assert {pixel(image, *point) for point in outside} == {SEA}


def test_beyond_the_globe_is_paper(box_tiles: BoxMaker, tmp_path: Path) -> None:
    image = draw(whole_globe(box_tiles), tmp_path)
    assert image.getpixel((MARGIN + 3, TOP + 3)) == PAPER
    assert image.getpixel((WIDTH - MARGIN - 4, TOP + 3)) == PAPER


@pytest.mark.parametrize("west", [0.0, -180.0, -169.0, 10.5])
def test_the_meridian_where_the_grid_begins_does_not_change_the_map(
    west: float, box_tiles: BoxMaker, tmp_path: Path
) -> None:
    """A country across 0 and one across 180 are whole on grids that are cut there."""
    grid = Grid(west, 90.0, 0.5, 0.5, 720, 360)
    boxes = GLOBE | {"ZERO": (-10.0, 0.0, 12.0, 20.0), "DATE": (172.0, -30.0, 188.0, -10.0)}
    image = draw({name: box_tiles(*box, grid) for name, box in boxes.items()}, tmp_path)
    land = [pixel(image, lon, 10) for lon in (-8, -1.5, 1.5, 8)]
    land += [pixel(image, lon, -20) for lon in (174, 178.5, 181.5, 186)]
    assert all(np.abs(np.subtract(colour, SEA)).max() > 60 for colour in land)
    assert {pixel(image, lon, 10) for lon in (-12, 15)} == {SEA}
    assert {pixel(image, lon, -20) for lon in (167, 194)} == {SEA}


def test_neighbours_have_different_colours(box_tiles: BoxMaker, tmp_path: Path) -> None:
    """A ring of countries round one in the middle: each differs from all that it touches."""
    grid = Grid.from_resolution("5m")
    boxes = GLOBE | {
        "M": (10.0, 0.0, 20.0, 10.0),
        "N": (10.0, 10.0, 20.0, 20.0),
        "S": (10.0, -10.0, 20.0, 0.0),
        "L": (0.0, -10.0, 10.0, 20.0),
        "R": (20.0, -10.0, 30.0, 20.0),
    }
    image = draw({name: box_tiles(*box, grid) for name, box in boxes.items()}, tmp_path)
    north, south, middle, left, right = (
        pixel(image, *at) for at in ((15, 15), (15, -5), (15, 5), (5, 5), (25, 5))
    )
    assert middle not in {north, south, left, right}
    assert not {north, south} & {left, right}
    assert {north, south, middle, left, right} <= set(COUNTRY_COLOURS)


def test_half_covered_pixels_are_between_sea_and_land(
    degree_grid: Grid, box_tiles: BoxMaker, tmp_path: Path
) -> None:
    """Every second row of fine tiles: the country is paler than a full one, darker than the sea."""
    grid = Grid.from_resolution("1m")
    assert grid != degree_grid
    full = box_tiles(20, -10, 40, 10, grid)
    odd = full.rows % 2 == 1
    half = RowSpans(grid, full.rows[odd], full.col_starts[odd], full.col_stops[odd])
    around = {name: box_tiles(*box, grid) for name, box in GLOBE.items()}
    of_full = np.array(pixel(draw(around | {"C": full}, tmp_path), 31, 1), float)
    of_half = np.array(pixel(draw(around | {"C": half}, tmp_path), 31, 1), float)
    share = (of_half - SEA) / (of_full - np.array(SEA))
    assert np.all((share > 0.4) & (share < 0.7))


def test_tiles_of_two_countries_are_striped_where_tiles_show(
    box_tiles: BoxMaker, tmp_path: Path
) -> None:
    """In the overlap there are colours that neither country has elsewhere."""
    spans = {"A": box_tiles(0, 0, 6, 6), "B": box_tiles(4, 0, 10, 6)}
    apart = {"A": box_tiles(0, 0, 5, 6), "B": box_tiles(5, 0, 10, 6)}
    shared, plain = colours_of(draw(spans, tmp_path)), colours_of(draw(apart, tmp_path))
    mixture = tuple(
        round((a + b) / 2) for a, b in zip(COUNTRY_COLOURS[0], COUNTRY_COLOURS[1], strict=True)
    )
    near = [c for c in shared if max(abs(x - y) for x, y in zip(c, mixture, strict=True)) <= 3]
    assert sum(shared[colour] for colour in near) > 1000
    assert sum(plain.get(colour, 0) for colour in near) < 100


def test_one_small_country_fills_its_map_with_single_tiles(
    box_tiles: BoxMaker, tmp_path: Path
) -> None:
    """A country of 6 x 6 degrees takes a good part of the picture, cut by tile lines."""
    counts = colours_of(draw({"A": box_tiles(5, 45, 11, 51)}, tmp_path))
    land = COUNTRY_COLOURS[0]
    assert counts[land] > 0.15 * sum(counts.values())
    assert (
        max(counts, key=lambda colour: counts[colour] if colour not in {PAPER, SEA} else 0) == land
    )
    pale = [c for c in counts if min(np.subtract(c, land)) > 20 and c not in {PAPER, SEA}]
    assert sum(counts[c] for c in pale) > 2000


@pytest.mark.parametrize("countries", [0, 1, 3])
def test_no_tiles_give_a_map_of_the_sea(countries: int, degree_grid: Grid, tmp_path: Path) -> None:
    spans = {str(i): RowSpans.empty(degree_grid) for i in range(countries)}
    image = draw(spans, tmp_path, subtitle="0 tiles")
    counts = colours_of(image)
    assert counts[SEA] > 0.5 * image.width * image.height


def test_the_same_world_gives_the_same_bytes(box_tiles: BoxMaker, tmp_path: Path) -> None:
    spans = whole_globe(box_tiles, A=(0, 0, 10, 10), B=(10, 0, 20, 10))
    for name in ("one.png", "two.png"):
        draw_world_map(spans, tmp_path / name, title="T", subtitle="s", credit="c", width=600)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


@pytest.mark.parametrize("width", [200, 801, 1600])
def test_the_picture_is_as_wide_as_asked(width: int, box_tiles: BoxMaker, tmp_path: Path) -> None:
    path = tmp_path / "map.png"
    long_text = "Tiles by country, " * 40
    draw_world_map(
        whole_globe(box_tiles),
        path,
        title=long_text,
        subtitle=long_text,
        credit=long_text,
        width=width,
    )
    with Image.open(path) as image:
        assert image.width == width
        assert 0.4 * width < image.height < 0.8 * width


def test_a_width_without_room_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="picture-width"):
        draw_world_map({}, tmp_path / "map.png", title="T", width=100)
    assert list(tmp_path.iterdir()) == []


def test_two_grids_on_one_map_are_refused(box_tiles: BoxMaker, tmp_path: Path) -> None:
    spans = {"A": box_tiles(0, 0, 5, 5), "B": box_tiles(0, 0, 5, 5, Grid.from_resolution("5m"))}
    with pytest.raises(ConfigError, match="grids-differ"):
        draw_world_map(spans, tmp_path / "map.png", title="T")


def test_memory_follows_pixels_not_tiles(tmp_path: Path) -> None:
    """933 million tiles, the globe at 30 arc-seconds, in less than 250 MB at full width."""
    grid = Grid.from_resolution("30s")
    rows = np.arange(grid.n_rows, dtype=np.int64)
    spans = RowSpans(grid, rows, np.zeros_like(rows), np.full_like(rows, grid.n_cols))
    tracemalloc.start()
    draw_world_map({"ALL": spans}, tmp_path / "map.png", title="T")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 250e6


def test_tiles_of_a_millimetre_are_drawn_without_tables_of_the_whole_grid(tmp_path: Path) -> None:
    """Of 95 million rows and columns; and they look as the same tiles on a grid of their own."""
    fine = Grid(10.0, 50.0, 1e-8, 1e-8, 95_000_000, 95_000_000)
    rows = np.arange(94_000_000, 94_000_040)
    spans = RowSpans.from_runs(fine, rows, rows, rows + 60)
    before = peak_memory_bytes()
    draw_world_map({"DE": spans}, tmp_path / "fine.png", title="Fine")
    assert peak_memory_bytes() - before < 256 << 20
    (window,) = cropped([spans])
    assert (window.grid.n_rows, window.grid.n_cols) == (40, 99)
    assert window.tile_count == spans.tile_count
    draw_world_map({"DE": window}, tmp_path / "window.png", title="Fine")
    assert (tmp_path / "fine.png").read_bytes() == (tmp_path / "window.png").read_bytes()


def test_a_grid_that_is_not_that_fine_stays_whole() -> None:
    sets = [RowSpans.from_runs(Grid.from_resolution("1s"), *(np.array([n]) for n in (3, 4, 9)))]
    assert cropped(sets) is sets
