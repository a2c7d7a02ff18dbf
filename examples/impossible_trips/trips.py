"""Count impossible trips between consecutive purchases of a card, for several ways to locate merchants.

python trips.py cards.csv world trips.png
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
from pyproj import Geod

import closedworld as cw

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from closedworld import PublishedWorld

    Numbers = NDArray[np.float64]

COUNTRY, SEED = "US", 7
FASTEST_KM_H = 900.0  # an airliner's cruising speed

# Number of outlets of a merchant, by category. Online shops (*_net) have no location and are left out.
OUTLETS = {
    "grocery_pos": 3000,
    "gas_transport": 8000,
    "food_dining": 4000,
    "shopping_pos": 800,
    "health_fitness": 5000,
}


@dataclass(frozen=True)
class Locations:
    """Longitude and latitude of each purchase in degrees, for one way to locate merchants."""

    title: str
    lon: Numbers
    lat: Numbers


def read_purchases(path: Path) -> pd.DataFrame:
    """Return the purchases in physical shops, sorted by card and time."""
    rows = pd.read_csv(path, parse_dates=["trans_date_trans_time"])
    rows = rows[rows["category"].isin(OUTLETS)]
    return rows.sort_values(["cc_num", "trans_date_trans_time"], ignore_index=True)


def draw(world: PublishedWorld, ids: list[str], n: list[int] | None = None) -> pd.DataFrame:
    """Draw locations in the country by population; those of an id do not depend on the other ids."""
    request = {"id": ids, "country": [COUNTRY] * len(ids), "n": n or [1] * len(ids)}
    return world.sample(pa.table(request), seed=SEED).to_pandas()


def as_in_the_file(rows: pd.DataFrame) -> Locations:
    """Take the locations from the file: the home plus a random offset for each purchase."""
    return Locations(
        "offsets, as in the file", rows["merch_long"].to_numpy(), rows["merch_lat"].to_numpy()
    )


def drawn_anew(rows: pd.DataFrame, world: PublishedWorld) -> Locations:
    """Draw a believable location for every purchase; a merchant still has as many locations as purchases."""
    points = draw(world, [f"purchase {row}" for row in rows.index])
    return Locations("a new site each time", points["lon"].to_numpy(), points["lat"].to_numpy())


def one_site(rows: pd.DataFrame, world: PublishedWorld) -> Locations:
    """Give each merchant one fixed site in the country."""
    sites = draw(world, sorted(rows["merchant"].unique())).set_index("id").loc[rows["merchant"]]
    return Locations("one site per merchant", sites["lon"].to_numpy(), sites["lat"].to_numpy())


def nearest_outlet(rows: pd.DataFrame, world: PublishedWorld, *, is_thief_far: bool) -> Locations:
    """Give each merchant many fixed outlets; the holder of a card buys at the nearest one.

    The file has the holder's home. Whether a thief lives next door or elsewhere in the country is an
    assumption, as every location of fraud in synthetic data is.
    """
    kinds = rows.groupby("merchant")["category"].first().sort_index()
    outlets = draw(world, list(kinds.index), [OUTLETS[kind] for kind in kinds])
    numbers = rows["cc_num"].astype(str)
    thieves = draw(world, [f"thief of {card}" for card in sorted(numbers.unique())]).set_index("id")
    robbed = thieves.loc["thief of " + numbers]
    is_far = is_thief_far & (rows["is_fraud"].to_numpy() == 1)
    home_lon = np.where(is_far, robbed["lon"], rows["long"])
    home_lat = np.where(is_far, robbed["lat"], rows["lat"])

    lon, lat = np.empty(len(rows)), np.empty(len(rows))
    for merchant, sites in outlets.groupby("id"):
        asking = (rows["merchant"] == merchant).to_numpy()
        near = nearest(home_lon[asking], home_lat[asking], sites["lon"], sites["lat"])
        lon[asking], lat[asking] = sites["lon"].to_numpy()[near], sites["lat"].to_numpy()[near]
    return Locations(f"nearest outlet, thief {'far' if is_thief_far else 'near'}", lon, lat)


def nearest(
    lon: Numbers, lat: Numbers, site_lon: pd.Series, site_lat: pd.Series
) -> NDArray[np.intp]:
    """Return the index of the site nearest to each location: the one with the largest cosine of the angle."""
    number: NDArray[np.intp] = np.argmax(
        on_sphere(lon, lat) @ on_sphere(site_lon, site_lat).T, axis=1
    )
    return number


def on_sphere(lon: Numbers | pd.Series, lat: Numbers | pd.Series) -> Numbers:
    """Return unit vectors, one per row."""
    lam, phi = np.radians(lon), np.radians(lat)
    return np.column_stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)])


def trips_of(rows: pd.DataFrame, locations: Locations) -> pd.DataFrame:
    """Return the trip to every purchase but the first of each card: its distance, and whether it is impossible."""
    here = rows[["cc_num", "trans_date_trans_time", "is_fraud"]].assign(
        lon=locations.lon, lat=locations.lat
    )
    before = here.groupby("cc_num").shift()
    hours = (
        here["trans_date_trans_time"] - before["trans_date_trans_time"]
    ).dt.total_seconds() / 3600
    _, _, metres = Geod(ellps="WGS84").inv(before["lon"], before["lat"], here["lon"], here["lat"])
    km = pd.Series(metres, here.index) / 1000
    return pd.DataFrame(
        {
            "km": km,
            "is_impossible": km > FASTEST_KM_H * hours,  # without dividing: hours may be 0
            "has_fraud": (here["is_fraud"] == 1) | (before["is_fraud"] == 1),
            "seconds": hours * 3600,
            "cc_num": here["cc_num"],
        }
    )[before["lon"].notna()]


def summary_of(rows: pd.DataFrame, locations: Locations) -> dict[str, str]:
    """Return a row of the table."""
    trips = trips_of(rows, locations)
    sites = pd.DataFrame({"merchant": rows["merchant"], "lon": locations.lon, "lat": locations.lat})
    legitimate, fraud = (trips[trips["has_fraud"] == flag] for flag in (False, True))
    alarms = trips[trips["is_impossible"]]
    return {
        "merchant locations": locations.title,
        "sites each": f"{sites.drop_duplicates().groupby('merchant').size().median():,.0f}",
        "median trip": f"{trips['km'].median():,.0f} km",
        "impossible": f"{trips['is_impossible'].mean():.1%}",
        "legitimate": f"{legitimate['is_impossible'].mean():.1%}",
        "with fraud": f"{fraud['is_impossible'].mean():.1%}",
        "precision": f"{alarms['has_fraud'].mean():.0%}",
    }


def verdict(rows: pd.DataFrame, trips: pd.DataFrame) -> str:
    """Describe how well impossible trips identify cards with fraud."""
    alarms = trips[trips["is_impossible"]]
    robbed = set(rows.loc[rows["is_fraud"] == 1, "cc_num"])
    alarmed = set(alarms["cc_num"])
    false = alarms[~alarms["has_fraud"]]
    others = rows["cc_num"].nunique() - len(robbed)
    return (
        f"{len(robbed & alarmed)} of {len(robbed)} cards with fraud have an impossible trip, and "
        f"{len(alarmed - robbed)} of the {others} others. The {len(false)} impossible trips between legitimate "
        f"purchases have a median of {false['km'].median():.0f} km and {false['seconds'].median():.0f} s."
    )


def main() -> None:
    """Print the table; draw the picture if a path for it is given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("purchases", type=Path, help="CSV of card purchases")
    parser.add_argument("world", type=Path, help="published world of the country")
    parser.add_argument("picture", type=Path, nargs="?", help="PNG to write")
    given = parser.parse_args()

    rows = read_purchases(given.purchases)
    world = cw.open_world(given.world)
    all_locations = [
        as_in_the_file(rows),
        drawn_anew(rows, world),
        one_site(rows, world),
        nearest_outlet(rows, world, is_thief_far=False),
        nearest_outlet(rows, world, is_thief_far=True),
    ]
    table = pd.DataFrame([summary_of(rows, locations) for locations in all_locations])
    print(f"{len(rows):,} purchases in shops, {int(rows['is_fraud'].sum()):,} of them fraud")
    print("| " + " | ".join(table.columns) + " |")
    print("| --- |" + " ---: |" * (len(table.columns) - 1))
    for line in table.itertuples(index=False):
        print("| " + " | ".join(line) + " |")
    print(verdict(rows, trips_of(rows, all_locations[-1])))
    if given.picture is not None:
        from picture import draw_picture  # noqa: PLC0415 -- only if a picture is requested

        shown = [*all_locations[:3], all_locations[-1]]
        draw_picture(given.picture, world, rows, shown, trips_of)


if __name__ == "__main__":
    main()
