"""Small tables of purchases in the layouts of others, by their documented columns."""

from __future__ import annotations

import numpy as np
import pandas as pd

SEED = 11
HOMES = np.array([[-74.0, 40.7], [-118.2, 34.1], [-87.6, 41.9], [-105.0, 39.7], [-122.3, 47.6]])
FRAUD_SHARE = 0.08


def sparkov(rows: int = 600, cards: int = 20) -> pd.DataFrame:
    """Return purchases as Kaggle's fraudTrain.csv has them: each at home plus up to a degree."""
    rng = np.random.default_rng(SEED)
    card = rng.integers(0, cards, rows)
    home = HOMES[card % len(HOMES)] + (card // len(HOMES))[:, None] * 0.1
    clock = np.sort(rng.integers(0, 20 * 86_400, rows)) + 1_546_300_800
    is_fraud = rng.random(rows) < FRAUD_SHARE
    when = pd.to_datetime(clock, unit="s").strftime("%Y-%m-%d %H:%M:%S")
    place = home + rng.uniform(-1, 1, (rows, 2))
    merchant = rng.integers(0, 15, rows)
    table = {
        "trans_date_trans_time": when,
        "cc_num": 4_000_000_000_000 + card * 7919,
        "merchant": [f"fraud_Shop, Son and {k}" for k in merchant],
        "category": np.array(["grocery_pos", "misc_net", "travel", "misc_pos"])[merchant % 4],
        "amt": np.round(rng.lognormal(3, 1, rows) * np.where(is_fraud, 6, 1), 2),
        "first": "A", "last": "B", "gender": "F", "street": "1 Road", "city": "Town", "state": "NY", "zip": 10001,
        "lat": home[:, 1], "long": home[:, 0], "city_pop": 1000, "job": "Clerk", "dob": "1980-01-01",
        "trans_num": [f"{k:032x}" for k in rng.integers(0, 2**63, rows)],
        "unix_time": clock - 220_924_800,
        "merch_lat": place[:, 1], "merch_long": place[:, 0],
        "is_fraud": is_fraud.astype(int),
    }  # fmt: skip
    return pd.DataFrame(table)


def handbook(rows: int = 300) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return transactions, customers and terminals as the Fraud Detection Handbook has them."""
    rng = np.random.default_rng(SEED)
    seconds = np.sort(rng.integers(0, 10 * 86_400, rows))
    scenario = rng.choice([0, 0, 0, 0, 1, 2, 3], rows)
    transactions = pd.DataFrame(
        {
            "TRANSACTION_ID": np.arange(rows),
            "TX_DATETIME": pd.Timestamp("2018-04-01") + pd.to_timedelta(seconds, unit="s"),
            "CUSTOMER_ID": rng.integers(0, 30, rows).astype(str),
            "TERMINAL_ID": rng.integers(0, 40, rows).astype(str),
            "TX_AMOUNT": np.round(rng.uniform(1, 300, rows), 2),
            "TX_TIME_SECONDS": seconds.astype(str),
            "TX_TIME_DAYS": (seconds // 86_400).astype(str),
            "TX_FRAUD": (scenario > 0).astype(int),
            "TX_FRAUD_SCENARIO": scenario,
        }
    )
    customers = pd.DataFrame(
        {
            "CUSTOMER_ID": range(30),
            "x_customer_id": rng.uniform(0, 100, 30),
            "y_customer_id": rng.uniform(0, 100, 30),
        }
    )
    terminals = pd.DataFrame(
        {
            "TERMINAL_ID": range(40),
            "x_terminal_id": rng.uniform(0, 100, 40),
            "y_terminal_id": rng.uniform(0, 100, 40),
        }
    )
    return transactions, customers, terminals


def tabformer(rows: int = 200) -> pd.DataFrame:
    """Return purchases as TabFormer's card_transaction.v1.csv has them."""
    rng = np.random.default_rng(SEED)
    when = pd.to_datetime(np.sort(rng.integers(0, 400 * 86_400, rows)) + 1_030_000_000, unit="s")
    online = rng.random(rows) < 0.2
    number = rng.integers(0, 12, rows)
    table = {
        "User": rng.integers(0, 5, rows), "Card": rng.integers(0, 2, rows),
        "Year": when.year, "Month": when.month, "Day": when.day, "Time": when.strftime("%H:%M"),
        "Amount": [f"${value:.2f}" for value in rng.normal(40, 30, rows)],
        "Use Chip": np.where(online, "Online Transaction", "Swipe Transaction"),
        "Merchant Name": 3527213246127876953 - number,
        "Merchant City": np.where(online, "ONLINE", [f"City {k % 3}" for k in number]),
        "Merchant State": [None if one else "CA" for one in online], "Zip": np.where(online, np.nan, 91750.0 + number),
        "MCC": rng.choice([5300, 5411], rows), "Errors?": None,
        "Is Fraud?": np.where(rng.random(rows) < FRAUD_SHARE, "Yes", "No"),
    }  # fmt: skip
    return pd.DataFrame(table)


def synccfd(rows: int = 300) -> pd.DataFrame:
    """Return purchases as SynCCFD has them: places in Brazil, and card-not-present ones."""
    rng = np.random.default_rng(SEED)
    transactions, _, _ = handbook(rows)
    customer = transactions["CUSTOMER_ID"].astype(int).to_numpy()
    terminal = transactions["TERMINAL_ID"].astype(int).to_numpy()
    home, site = (
        np.column_stack([-46.6 + k[:, None] % 7 * 0.1, -23.5 - k[:, None] % 5 * 0.1])
        for k in (customer, terminal)
    )
    table = transactions.drop(
        columns=["TX_TIME_SECONDS", "TX_TIME_DAYS", "TX_FRAUD", "TX_FRAUD_SCENARIO"]
    )
    table["TX_TYPE"] = rng.choice(["CP", "CNP"], rows)
    for name, at in (("SHIPP", site), ("BILL", home), ("TERM", site)):
        table[f"TX_{name}_LAT"], table[f"TX_{name}_LONG"] = at[:, 1], at[:, 0]
    return table.assign(
        **transactions[["TX_TIME_SECONDS", "TX_TIME_DAYS", "TX_FRAUD", "TX_FRAUD_SCENARIO"]]
    )


def own_world(rows: int = 500) -> dict[str, pd.DataFrame]:
    """Return purchases, truth, cards and sites as closedworld publishes them, of two countries."""
    rng = np.random.default_rng(SEED)
    cards = pd.DataFrame(
        {
            "card_id": [f"c{k}" for k in range(12)], "person_id": [f"p{k // 2}" for k in range(12)],
            "home_lon": np.where(np.arange(12) < 6, 2.35, 13.4) + rng.uniform(-0.1, 0.1, 12),
            "home_lat": np.where(np.arange(12) < 6, 48.85, 52.5) + rng.uniform(-0.1, 0.1, 12),
            "place": ["Paris"] * 6 + ["Berlin"] * 6, "admin1": ["Ile-de-France"] * 6 + ["Berlin, Land"] * 6,
        }
    )  # fmt: skip
    sites = pd.DataFrame(
        {
            "site_id": np.arange(10, dtype=np.int64) + 10**15,
            "place": ["Paris"] * 5 + ["Berlin"] * 5,
            "admin1": [None] * 10,
        }
    )
    card = rng.integers(0, 12, rows)
    site = np.where(card < 6, 0, 5) + rng.integers(0, 5, rows)
    channel = rng.choice(["pos", "pos", "pos", "atm", "online"], rows)
    online = channel == "online"
    utc = pd.to_datetime(
        1_740_000_000 + np.sort(rng.integers(0, 20 * 86_400, rows)), unit="s", utc=True
    )
    kind = rng.choice(["grocery", "fuel", "hotel", "bank"], rows)
    place = cards[["home_lon", "home_lat"]].to_numpy()[card] + rng.uniform(-0.05, 0.05, (rows, 2))
    purchases = pd.DataFrame(
        {
            "purchase_id": rng.permutation(rows) + 2**61, "ts_utc": utc.astype("datetime64[us, UTC]"),
            "ts_local": utc.tz_convert("Europe/Paris").tz_localize(None).astype("datetime64[us]"),
            "tzid": np.where(card < 6, "Europe/Paris", "Europe/Berlin"), "card_id": cards["card_id"].to_numpy()[card],
            "merchant_id": [f"shop, {k % 4}" for k in site], "site_id": np.where(online, -1, sites["site_id"].to_numpy()[site]),
            "channel": channel, "category": kind, "mcc": np.int32(5411), "amount": np.round(rng.lognormal(3, 1, rows), 2),
            "currency": "EUR", "lon": np.where(online, np.nan, place[:, 0]), "lat": np.where(online, np.nan, place[:, 1]),
            "country_iso": np.where(card < 6, "FR", "DE"),
        }
    )  # fmt: skip
    is_fraud = rng.random(rows) < FRAUD_SHARE
    types = pd.Series(rng.choice(["clone", "skim", "lost", "testing"], rows)).where(is_fraud)
    truth = pd.DataFrame(
        {
            "purchase_id": purchases["purchase_id"],
            "is_fraud": is_fraud,
            "fraud_type": types,
            "hard_negative": None,
        }
    )
    return {"purchases": purchases, "truth": truth, "cards": cards, "sites": sites}
