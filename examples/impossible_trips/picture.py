"""The picture of the example: the sites of one merchant and the trips of one card."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import closedworld as cw

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray
    from trips import Locations

    from closedworld import PublishedWorld

# The contiguous United States; everything else is cut off.
WEST, EAST, SOUTH, NORTH = -125.0, -66.0, 24.0, 50.0
WIDTH = 520
ACROSS = WIDTH / (EAST - WEST)
UP = ACROSS / np.cos(np.radians((SOUTH + NORTH) / 2))
HEIGHT = round((NORTH - SOUTH) * UP)
GAP, HEAD = 24, 84
FINER = 3  # supersampling factor, for smooth lines

PAPER, LAND, INK, SOFT = "#ffffff", "#e4e7ea", "#1d2733", "#5b6875"
SITE, TRIP, ALARM = "#0b6bcb", "#8fa3b5", "#d1242f"


def draw_picture(
    path: Path,
    world: PublishedWorld,
    rows: pd.DataFrame,
    all_locations: Sequence[Locations],
    trips_of: Callable[[pd.DataFrame, Locations], pd.DataFrame],
) -> None:
    """Write a PNG with one merchant on the left and one card on the right, a row per way to locate merchants."""
    last = trips_of(rows, all_locations[-1])
    card = last[last["is_impossible"]].groupby("cc_num").size().idxmax()
    merchant = rows["merchant"].min()
    land = land_of(world)
    size = (2 * (WIDTH + GAP) + GAP, len(all_locations) * (HEIGHT + HEAD + GAP))
    image = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(image)
    for number, locations in enumerate(all_locations):
        here = (rows["merchant"] == merchant).to_numpy()
        sites = np.unique(np.column_stack([locations.lon[here], locations.lat[here]]), axis=0)
        trips = trips_of(rows, locations)["is_impossible"].reindex(rows.index, fill_value=False)
        of_card = rows.assign(lon=locations.lon, lat=locations.lat, is_impossible=trips)
        of_card = of_card[rows["cc_num"] == card]
        n_impossible = of_card["is_impossible"].sum()
        maps = (
            (locations.title, f"{merchant}: {number_of(len(sites), 'site')}", dots(land, sites)),
            (
                "",
                f"a card: {n_impossible} of {len(of_card) - 1} trips impossible",
                lines(land, of_card),
            ),
        )
        top = number * (HEIGHT + HEAD + GAP) + HEAD
        for column, (title, text, drawn) in enumerate(maps):
            left = GAP + column * (WIDTH + GAP)
            draw.text((left, top - 70), title, INK, ImageFont.load_default(30))
            draw.text((left, top - 32), text, SOFT, ImageFont.load_default(25))
            image.paste(drawn, (left, top))
    image.quantize(64).save(path, optimize=True)


def dots(land: Image.Image, sites: NDArray[np.float64]) -> Image.Image:
    """Return a map of sites (lon, lat), shape (n, 2)."""
    image = land.copy()
    draw = ImageDraw.Draw(image)
    radius = FINER * (9 if len(sites) == 1 else 2.5)
    for x, y in zip(*pixels(sites[:, 0], sites[:, 1]), strict=True):
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=SITE)
    return image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


def lines(land: Image.Image, purchases: pd.DataFrame) -> Image.Image:
    """Return a map of the trips between purchases, impossible ones on top."""
    image = land.copy()
    draw = ImageDraw.Draw(image)
    x, y = pixels(purchases["lon"].to_numpy(), purchases["lat"].to_numpy())
    verdicts = purchases["is_impossible"].to_numpy()[1:]
    for is_impossible, colour, width in ((False, TRIP, 1), (True, ALARM, 2)):
        for k in np.flatnonzero(verdicts == is_impossible):
            draw.line((x[k], y[k], x[k + 1], y[k + 1]), fill=colour, width=FINER * width)
    return image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


def pixels(
    lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the pixel coordinates (x, y) of locations."""
    return FINER * ACROSS * (lon - WEST), FINER * UP * (NORTH - lat)


def land_of(world: PublishedWorld) -> Image.Image:
    """Return a map of the country's tiles."""
    columns = ["centroid_lon", "centroid_lat"]
    tiles = cw.open_dataset(world.index.published.folder, "tile_index").to_table(columns=columns)
    x, y = (
        np.floor(axis / FINER) for axis in pixels(*(tiles[name].to_numpy() for name in columns))
    )
    inside = (x >= 0) & (x < WIDTH) & (y >= 0) & (y < HEIGHT)
    is_land = np.zeros((HEIGHT, WIDTH), bool)
    is_land[y[inside].astype(int), x[inside].astype(int)] = True
    image = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    image.paste(LAND, mask=Image.fromarray(is_land))
    return image.resize((FINER * WIDTH, FINER * HEIGHT), Image.Resampling.NEAREST)


def number_of(count: int, noun: str) -> str:
    """Return a count with its noun in singular or plural."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
