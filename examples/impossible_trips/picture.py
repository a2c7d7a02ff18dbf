"""The picture of the example: where one merchant is, and where one card goes."""

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
    from trips import Places

    from closedworld import PublishedWorld

# The states between Canada and Mexico; what lies elsewhere is cut off.
WEST, EAST, SOUTH, NORTH = -125.0, -66.0, 24.0, 50.0
WIDTH = 520
ACROSS = WIDTH / (EAST - WEST)
UP = ACROSS / np.cos(np.radians((SOUTH + NORTH) / 2))
HEIGHT = round((NORTH - SOUTH) * UP)
GAP, HEAD = 24, 84
FINER = 3  # maps are drawn so many times as large, for smooth lines

PAPER, LAND, INK, SOFT = "#ffffff", "#e4e7ea", "#1d2733", "#5b6875"
SITE, TRIP, ALARM = "#0b6bcb", "#8fa3b5", "#d1242f"


def draw_picture(
    path: Path,
    world: PublishedWorld,
    rows: pd.DataFrame,
    all_places: Sequence[Places],
    trips_of: Callable[[pd.DataFrame, Places], pd.DataFrame],
) -> None:
    """Write a PNG: left one merchant, right one card; a row for each way of giving places."""
    last = trips_of(rows, all_places[-1])
    card = last[last["is_impossible"]].groupby("cc_num").size().idxmax()
    merchant = rows["merchant"].min()
    land = land_of(world)
    size = (2 * (WIDTH + GAP) + GAP, len(all_places) * (HEIGHT + HEAD + GAP))
    image = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(image)
    for number, places in enumerate(all_places):
        here = (rows["merchant"] == merchant).to_numpy()
        sites = np.unique(np.column_stack([places.lon[here], places.lat[here]]), axis=0)
        trips = trips_of(rows, places)["is_impossible"].reindex(rows.index, fill_value=False)
        of_card = rows.assign(lon=places.lon, lat=places.lat, is_impossible=trips)
        of_card = of_card[rows["cc_num"] == card]
        n_impossible = of_card["is_impossible"].sum()
        maps = (
            (places.title, f"{merchant}: {number_of(len(sites), 'place')}", dots(land, sites)),
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
    """Return a map of the ways from purchase to purchase, impossible ones on top."""
    image = land.copy()
    draw = ImageDraw.Draw(image)
    x, y = pixels(purchases["lon"].to_numpy(), purchases["lat"].to_numpy())
    verdicts = purchases["is_impossible"].to_numpy()[1:]
    for wanted, colour, width in ((False, TRIP, 1), (True, ALARM, 2)):
        for k in np.flatnonzero(verdicts == wanted):
            draw.line((x[k], y[k], x[k + 1], y[k + 1]), fill=colour, width=FINER * width)
    return image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


def pixels(
    lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return columns and rows of places on a map."""
    return FINER * ACROSS * (lon - WEST), FINER * UP * (NORTH - lat)


def land_of(world: PublishedWorld) -> Image.Image:
    """Return an empty map: the country as the tiles of the world have it."""
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
    """Return a number with its noun."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
