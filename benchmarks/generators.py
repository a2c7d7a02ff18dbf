"""Two public ways to make purchases, restated after their published descriptions, each as a whole process."""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import random
from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
DAY = 86_400
SQUARE, RADIUS = 100.0, 5.0
TERMINALS_PER_CUSTOMER = 2

CATEGORIES = {
    "grocery_pos": 12, "gas_transport": 10, "home": 9, "shopping_pos": 9, "kids_pets": 8, "shopping_net": 7,
    "entertainment": 7, "food_dining": 7, "personal_care": 7, "health_fitness": 6, "misc_pos": 6, "misc_net": 5,
    "grocery_net": 4, "travel": 3,
}  # fmt: skip
MERCHANTS = 700
HOURS_OF = {"AM": (0, 12), "PM": (12, 24)}


def write_handbook(target: Path, customers: int, days: int) -> None:
    """Write purchases as the Fraud Detection Handbook makes them, customer by customer, as Parquet.

    Customers and terminals lie evenly in a square; a customer uses the terminals within a radius; purchases of a day
    are Poisson, their times and amounts normal. Then three scenarios of fraud are marked with pandas.
    """
    chance = np.random.default_rng(7)
    terminals = chance.uniform(0, SQUARE, (customers * TERMINALS_PER_CUSTOMER, 2))
    frames = []
    for customer in range(customers):
        home, mean = chance.uniform(0, SQUARE, 2), chance.uniform(5, 100)
        away = np.sqrt(np.square(terminals - home).sum(axis=1))
        frames.append(
            _of_customer(
                chance, customer, np.flatnonzero(away < RADIUS), mean, chance.uniform(0, 4), days
            )
        )
    table = pd.concat(frames).sort_values("TX_DATETIME").reset_index(drop=True)
    table.insert(0, "TRANSACTION_ID", table.index)
    _mark_fraud(table, len(terminals), customers, days)
    table.to_parquet(target)


def _of_customer(
    chance: np.random.Generator,
    customer: int,
    near: NDArray[np.int64],
    mean: float,
    per_day: float,
    days: int,
) -> pd.DataFrame:
    rows = []
    for day in range(days):
        for _ in range(chance.poisson(per_day)):
            second = int(chance.normal(DAY / 2, 20_000))
            if not 0 < second < DAY or not len(near):
                continue
            amount = chance.normal(mean, mean / 2)
            if amount < 0:
                amount = chance.uniform(0, mean * 2)
            terminal = near[chance.integers(len(near))]
            rows.append((second + day * DAY, day, customer, terminal, round(amount, 2)))
    names = ["TX_TIME_SECONDS", "TX_TIME_DAYS", "CUSTOMER_ID", "TERMINAL_ID", "TX_AMOUNT"]
    frame = pd.DataFrame(rows, columns=names)
    frame["TX_DATETIME"] = pd.to_datetime(
        frame["TX_TIME_SECONDS"].astype("int64"), unit="s", origin=FIRST_DAY.date().isoformat()
    )
    return frame


def _mark_fraud(table: pd.DataFrame, terminals: int, customers: int, days: int) -> None:
    """Mark large amounts, all purchases at two terminals a day for 28 days, and a third of three customers' for 14."""
    chance = np.random.default_rng(8)
    scenario = np.where(table["TX_AMOUNT"] > 220, 1, 0)
    day, amount = table["TX_TIME_DAYS"], table["TX_AMOUNT"].to_numpy(copy=True)
    for first in range(days):
        chosen = chance.choice(terminals, 2, replace=False)
        is_now = (day >= first) & (day < first + 28)
        scenario[is_now & table["TERMINAL_ID"].isin(chosen)] = 2
    for first in range(days):
        chosen = chance.choice(customers, 3, replace=False)
        is_now = (day >= first) & (day < first + 14)
        rows = np.flatnonzero(is_now & table["CUSTOMER_ID"].isin(chosen))
        rows = chance.choice(rows, len(rows) // 3, replace=False)
        amount[rows] *= 5
        scenario[rows] = 3
    table["TX_AMOUNT"] = amount
    table["TX_FRAUD"] = (scenario > 0).astype(np.int8)
    table["TX_FRAUD_SCENARIO"] = scenario


def write_sparkov(target: Path, customers: int, days: int) -> None:
    """Write purchases as Sparkov makes them, one after another, as text with the customer in each line.

    A profile decides on days, categories, amounts (gamma) and halves of the day; the merchant is any of the category,
    and its place the customer's home plus up to a degree, drawn for each purchase. A day of fraud comes first.
    """
    random.seed(7)
    chance = np.random.default_rng(7)
    weekdays = [80, 80, 90, 100, 130, 150, 120]
    dates = [FIRST_DAY + timedelta(days=day) for day in range(days)]
    chances = _cumulative([weekdays[date.weekday()] for date in dates])
    kinds, kind_chances = list(CATEGORIES), _cumulative(list(CATEGORIES.values()))
    merchants = {
        kind: [f"fraud_{kind} {k}" for k in range(MERCHANTS // len(kinds))] for kind in kinds
    }
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter="|")
        for customer in range(customers):
            home = chance.uniform(-60, 60), chance.uniform(-180, 180)
            person = [str(customer), "First", "Last", "F", "1 Road", "Town", "NY", "10001", *map(str, home), "1000",
                      "Clerk", "1980-01-01", "adults"]  # fmt: skip
            stolen = [random.choice(dates)]
            _write_purchases(
                writer, chance, person, home, merchants, (stolen, [1.0]), (kinds, kind_chances), 10, set()
            )  # fmt: skip
            _write_purchases(
                writer, chance, person, home, merchants, (dates, chances), (kinds, kind_chances),
                int(days * chance.integers(1, 4)), set(stolen),
            )  # fmt: skip


def _write_purchases(
    writer: Any, chance: np.random.Generator, person: list[str], home: tuple[float, float],
    merchants: dict[str, list[str]], when: tuple[list[datetime], list[float]],
    what: tuple[list[str], list[float]], count: int, left_out: set[datetime],
) -> None:  # fmt: skip
    for _ in range(count):
        number = hashlib.md5(random.randbytes(16), usedforsecurity=False).hexdigest()
        date = _drawn(*when)
        kind = _drawn(*what)
        amount = max(chance.gamma(1.5, 40.0), 1.0)
        start, stop = HOURS_OF["AM" if random.random() < 0.3 else "PM"]
        clock = date.replace(
            hour=random.randrange(start, stop), minute=random.randrange(60), second=random.randrange(60)
        )  # fmt: skip
        merchant = random.choice(merchants[kind])
        lat, lon = (round(random.uniform(one - 1, one + 1), 6) for one in home)
        if date in left_out:
            continue
        writer.writerow(
            [*person, number, clock.strftime("%Y-%m-%d"), clock.strftime("%H:%M:%S"), int(clock.timestamp()),
             kind, f"{amount:.2f}", int(not left_out), merchant, lat, lon]
        )  # fmt: skip


def _cumulative(weights: Sequence[float]) -> list[float]:
    total = sum(weights)
    return [one / total for one in accumulate(weights)]


def _drawn(values: Sequence[Any], cumulative: list[float]) -> Any:
    return values[min(bisect_left(cumulative, random.random()), len(values) - 1)]


def count(source: Path) -> int:
    """Return the purchases of a file."""
    if source.suffix == ".parquet":
        return int(pq.read_metadata(source).num_rows)
    with source.open("rb") as file:
        return sum(1 for _ in file)


WRITERS = {"handbook": write_handbook, "sparkov": write_sparkov}


def main() -> None:
    """Write purchases in one way, or count those of a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("way", choices=[*WRITERS, "count"])
    parser.add_argument("file", type=Path)
    parser.add_argument("--customers", type=int, default=1_000)
    parser.add_argument("--days", type=int, default=30)
    asked = parser.parse_args()
    if asked.way == "count":
        print(json.dumps({"purchases": count(asked.file)}))
    else:
        WRITERS[asked.way](asked.file, asked.customers, asked.days)


if __name__ == "__main__":
    main()
