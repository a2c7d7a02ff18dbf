"""Write a CSV of synthetic card purchases in the style of public synthetic fraud data sets.

As in those, a purchase happens at the customer's home plus a random offset of up to a degree. The offset is
drawn for every purchase, so a merchant has as many locations as purchases, and fraud happens close to home.

    python make.py cards.csv
"""

from __future__ import annotations

import csv
import random
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

SEED = 20_260_101
CARDS, FRAUD_SHARE = 150, 0.2
BEGIN, DAYS, PURCHASES_A_DAY = datetime(2025, 3, 1), 30, 2.5  # noqa: DTZ001 -- local time, as in such files
OFFSET_DEGREES = 1.0

# Where customers live: city, state, latitude, longitude, population in thousands (the sampling weight).
CITIES = (
    ("New York", "NY", 40.71, -74.01, 8800), ("Los Angeles", "CA", 34.05, -118.24, 3900),
    ("Chicago", "IL", 41.88, -87.63, 2700), ("Houston", "TX", 29.76, -95.37, 2300),
    ("Phoenix", "AZ", 33.45, -112.07, 1600), ("Philadelphia", "PA", 39.95, -75.17, 1600),
    ("Jacksonville", "FL", 30.33, -81.66, 950), ("Columbus", "OH", 39.96, -83.00, 900),
    ("Indianapolis", "IN", 39.77, -86.16, 880), ("Seattle", "WA", 47.61, -122.33, 740),
    ("Denver", "CO", 39.74, -104.99, 715), ("Nashville", "TN", 36.16, -86.78, 690),
    ("Boston", "MA", 42.36, -71.06, 675), ("Portland", "OR", 45.52, -122.68, 650),
    ("Albuquerque", "NM", 35.08, -106.65, 560), ("Kansas City", "MO", 39.10, -94.58, 510),
    ("Atlanta", "GA", 33.75, -84.39, 500), ("Omaha", "NE", 41.26, -95.93, 490),
    ("Minneapolis", "MN", 44.98, -93.27, 430), ("New Orleans", "LA", 29.95, -90.07, 380),
    ("Boise", "ID", 43.62, -116.20, 235), ("Des Moines", "IA", 41.59, -93.62, 214),
    ("Salt Lake City", "UT", 40.76, -111.89, 200), ("Sioux Falls", "SD", 43.55, -96.73, 193),
    ("Billings", "MT", 45.78, -108.50, 117), ("Fargo", "ND", 46.88, -96.79, 126),
    ("Burlington", "VT", 44.48, -73.21, 45), ("Bangor", "ME", 44.80, -68.77, 32),
)  # fmt: skip

# Five merchants of each kind: category, name, typical amount, share of purchases in percent. *_net are online shops.
KINDS = (
    ("grocery_pos", "Market", 62.0, 26), ("gas_transport", "Fuel", 48.0, 20),
    ("food_dining", "Kitchen", 27.0, 18), ("shopping_pos", "Stores", 75.0, 14),
    ("health_fitness", "Pharmacy", 33.0, 8), ("shopping_net", "Online", 88.0, 9),
    ("misc_net", "Digital", 21.0, 5),
)  # fmt: skip
FAMILIES = ("Alder", "Birch", "Cedar", "Dogwood", "Elm")

Row = dict[str, str | float | int]


@dataclass(frozen=True)
class Card:
    """A customer's card, with the home in degrees."""

    number: str
    city: str
    state: str
    lat: float
    lon: float


def cards(rng: random.Random) -> list[Card]:
    """Draw customers, each a few kilometres from the centre of a city."""
    homes = rng.choices(CITIES, [city[-1] for city in CITIES], k=CARDS)
    return [
        Card(
            f"9999{number:012d}",
            city,
            state,
            round(lat + rng.gauss(0, 0.05), 4),
            round(lon + rng.gauss(0, 0.05), 4),
        )
        for number, (city, state, lat, lon, _) in enumerate(homes, 1)
    ]


def purchase(rng: random.Random, card: Card, at: datetime, *, is_fraud: bool) -> Row:
    """Draw a purchase; fraudulent ones are six times as expensive."""
    kind, noun, amount, _ = rng.choices(KINDS, [kind[-1] for kind in KINDS])[0]
    return {
        "trans_date_trans_time": f"{at:%Y-%m-%d %H:%M:%S}",
        "cc_num": card.number,
        "merchant": f"{rng.choice(FAMILIES)} {noun}",
        "category": kind,
        "amt": round(rng.lognormvariate(0, 0.6) * amount * (6 if is_fraud else 1), 2),
        "city": card.city,
        "state": card.state,
        "lat": card.lat,
        "long": card.lon,
        "merch_lat": round(card.lat + rng.uniform(-OFFSET_DEGREES, OFFSET_DEGREES), 6),
        "merch_long": round(card.lon + rng.uniform(-OFFSET_DEGREES, OFFSET_DEGREES), 6),
        "is_fraud": int(is_fraud),
    }


def purchases_of(rng: random.Random, card: Card) -> list[Row]:
    """Draw a month of purchases by the card's holder and, for some cards, a day or so of fraud."""
    rows = []
    for _ in range(round(rng.gauss(PURCHASES_A_DAY * DAYS, 12))):
        day, hour = rng.randrange(DAYS), rng.triangular(8, 23, 17)
        at = BEGIN + timedelta(days=day, hours=hour)
        rows.append(purchase(rng, card, at, is_fraud=False))
    if rng.random() < FRAUD_SHARE:
        begin = BEGIN + timedelta(days=rng.uniform(2, DAYS - 2))
        for _ in range(rng.randint(6, 14)):
            at = begin + timedelta(hours=rng.uniform(0, 30))
            rows.append(purchase(rng, card, at, is_fraud=True))
    return rows


def main(path: Path) -> None:
    """Write all purchases in chronological order."""
    rng = random.Random(SEED)
    rows = [row for card in cards(rng) for row in purchases_of(rng, card)]
    rows.sort(key=lambda row: (row["trans_date_trans_time"], row["cc_num"]))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"{len(rows):,} purchases of {CARDS} cards written to {path}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
