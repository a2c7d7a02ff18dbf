"""Scores of tables in each layout, against plain computations of the same figures."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import zoneinfo
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import shapely
from purchases import handbook, sparkov, synccfd, tabformer
from pyproj import Geod

import closedworld
from closedworld import Score, score
from closedworld.errors import ConfigError, InputError
from closedworld.html_report.score_page import write_score_page
from closedworld.inputs.tables import streaming
from closedworld.published.polygons import bundled_countries
from closedworld.worlds.scoring import score as scoring
from closedworld.worlds.scoring.figures import Figure
from closedworld.worlds.scoring.result import figure_text

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

GLOBE = Geod(a=6_371_008.8, b=6_371_008.8)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return sparkov()


@pytest.fixture(scope="module")
def file(table: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sparkov") / "fraudTrain.csv"
    table.to_csv(path)
    return path


@pytest.fixture(scope="module")
def found(file: Path) -> Score:
    return score(file)


@pytest.fixture(scope="module")
def steps(table: pd.DataFrame) -> pd.DataFrame:
    """Consecutive purchases of each card, by pandas and an ellipsoid that is a sphere."""
    rows = table.assign(at=pd.to_datetime(table["trans_date_trans_time"]))
    rows = rows.sort_values(["cc_num", "at"], kind="stable")
    before = rows.groupby("cc_num").shift()
    columns = ("merch_long", "merch_lat")
    _, _, metres = GLOBE.inv(*(before[name] for name in columns), *(rows[name] for name in columns))
    hours = (rows["at"] - before["at"]).dt.total_seconds() / 3600
    both = pd.DataFrame({"hours": hours, "km": metres / 1000, "fraud": rows["is_fraud"]})
    both["legit"] = (rows["is_fraud"] == 0) & (before["is_fraud"] == 0)
    return both[before["at"].notna()].assign(speed=lambda one: one["km"] / one["hours"])


def value(one: Score, name: str) -> float:
    found = one.figures[name].value
    assert found is not None, one.figures[name].why
    return found


def test_speeds_are_those_of_a_plain_computation(found: Score, steps: pd.DataFrame) -> None:
    legit = steps[steps["legit"]]
    hour = legit[legit["hours"] <= 1]
    assert found.figures["fast"].of == len(legit)
    assert found.figures["fast_within_hour"].of == len(hour) > 5
    assert value(found, "fast") == pytest.approx((legit["speed"] > 150).mean())
    assert value(found, "fast_within_hour") == pytest.approx((hour["speed"] > 150).mean())
    assert value(found, "flight") == pytest.approx((legit["speed"] > 900).mean())
    alarms = steps[steps["speed"] > 900]
    assert value(found, "flight_precision") == pytest.approx(1 - alarms["legit"].mean())


def test_places_of_merchants_are_told(found: Score, table: pd.DataFrame) -> None:
    places = table.groupby("merchant").size()
    assert value(found, "new_place_each_time") == 1
    assert value(found, "places_per_merchant") == places.median()
    assert found.counts["merchants"] == len(places)


def test_distances_from_home_are_those_of_the_file(found: Score, table: pd.DataFrame) -> None:
    legit = table[table["is_fraud"] == 0]
    sides = (legit[name] for name in ("long", "lat", "merch_long", "merch_lat"))
    km = GLOBE.inv(*sides)[2] / 1000
    assert value(found, "home_km") == pytest.approx(np.median(km), rel=0.01)
    assert value(found, "home_far") == pytest.approx((km > 100).mean())


def test_places_at_sea_and_abroad_are_those_of_the_polygons(
    found: Score, table: pd.DataFrame
) -> None:
    inside: dict[str, Any] = {}
    for country in bundled_countries().select("US,CA,MX"):
        held = [
            shapely.intersects_xy(one, table["merch_long"], table["merch_lat"])
            for one in country.features
        ]
        inside[country.iso] = np.any(held, axis=0)
    anywhere = inside["US"] | inside["CA"] | inside["MX"]
    legit = (table["is_fraud"] == 0).to_numpy() & anywhere
    assert value(found, "at_sea") == pytest.approx(1 - anywhere.mean())
    assert value(found, "abroad") == pytest.approx((legit & ~inside["US"]).sum() / legit.sum())


def test_auc_of_each_feature_is_that_of_all_pairs(
    found: Score, table: pd.DataFrame, steps: pd.DataFrame
) -> None:
    def auc(values: pd.Series, fraud: pd.Series) -> float:
        a, b = values[fraud == 1].to_numpy(), values[fraud == 0].to_numpy()
        return float((a[:, None] > b).mean() + (a[:, None] == b).mean() / 2)

    fraud = table["is_fraud"]
    at = pd.to_datetime(table["trans_date_trans_time"])
    features = {
        "amount": table["amt"],
        "hour": at.dt.hour + at.dt.minute / 60 + at.dt.second / 3600,
        "order": pd.Series(range(len(table))),
        "id": table["trans_num"].str[:8].apply(lambda text: int(text.encode().hex(), 16)),
        "merchant_frequency": table.groupby("merchant")["amt"].transform("size"),
    }
    for name, values in features.items():
        assert found.auc[name]["all"] == pytest.approx(auc(values, fraud), abs=1e-9), name
    assert found.auc["gap"]["all"] == pytest.approx(auc(steps["hours"], steps["fraud"]))
    assert found.auc["speed"]["all"] == pytest.approx(auc(steps["speed"], steps["fraud"]))
    assert "amount" in found.leaks
    assert "speed" not in found.leaks


def test_an_auc_of_few_frauds_is_no_leak_by_chance(found: Score) -> None:
    """Three standard deviations: 0.306 with 8 frauds, 0.087 with 100."""
    auc = {"amount": {"rare": 0.8, "odd": 0.81, "usual": 0.61}, "speed": {"usual": 1.0}}
    kinds = {"rare": 8, "odd": 8, "usual": 100}
    counts = {**found.counts, "purchases": 1_000_116, "frauds": 116, "unlabelled": 0}
    score = replace(found, auc=auc, kinds=kinds, counts=counts)
    assert score.leaks == {"amount": {"odd": 0.81, "usual": 0.61}}


def test_the_score_does_not_depend_on_how_the_file_is_cut(
    file: Path, found: Score, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "_BUCKET_BYTES", 1)
    monkeypatch.setattr(streaming, "BLOCK_BYTES", 20_000)
    assert score(file).to_dict() == found.to_dict()


@pytest.mark.parametrize("suffix", ["parquet", "feather"])
def test_the_same_table_in_another_format_scores_the_same(
    suffix: str, table: pd.DataFrame, found: Score, tmp_path: Path
) -> None:
    path = tmp_path / f"table.{suffix}"
    getattr(table, f"to_{suffix}")(path)
    other = score(path)
    assert {**other.to_dict(), "source": ""} == {**found.to_dict(), "source": ""}


def test_columns_named_by_the_user_score_the_same(
    table: pd.DataFrame, found: Score, tmp_path: Path
) -> None:
    names = {
        "card": "cc_num", "time": "trans_date_trans_time", "lon": "merch_long", "lat": "merch_lat",
        "merchant": "merchant", "amount": "amt", "category": "category", "label": "is_fraud", "id": "trans_num",
        "home_lon": "long", "home_lat": "lat",
    }  # fmt: skip
    path = tmp_path / "mine.csv"
    table.rename(columns={old: f"my {old}" for old in names.values()}).to_csv(
        path, sep=";", index=False
    )
    mine = score(path, {role: f"my {name}" for role, name in names.items()})
    assert mine.form == "columns"
    assert mine.to_dict()["figures"] == found.to_dict()["figures"]
    assert mine.auc == found.auc


def test_without_labels_and_homes_what_is_left_is_asked_and_the_rest_has_a_reason(
    table: pd.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "bare.csv"
    table[["cc_num", "trans_date_trans_time", "merch_long", "merch_lat", "merchant", "amt"]].to_csv(
        path
    )
    bare = score(path)
    assert bare.auc == {}
    assert value(bare, "home_km") > 0
    for name in ("fraud", "flight_precision", "zone_agrees"):
        assert bare.figures[name].value is None
        assert bare.figures[name].why.startswith("needs")
    assert "not available" in bare.text()


def reasons(one: Score) -> dict[str, str]:
    """Return the line of what is not available, as reasons by title."""
    (line,) = (line for line in one.text().splitlines() if line.startswith("not available: "))
    entries = line.removeprefix("not available: ").removesuffix(")").split("); ")
    return dict(entry.split(" (", 1) for entry in entries)


AUCS = ("AUC of speed since the last place", "AUC of distance from home")
ALARMS = "precision of alarms over 900 km/h"
NO_FRAUD = "no purchase is labelled as fraud"


def test_what_is_missing_for_want_of_purchases_says_of_which_ones(
    table: pd.DataFrame, tmp_path: Path
) -> None:
    """All columns are there, but all purchases are at home, and the one fraud is the first of its card."""
    table = table.assign(merch_long=table["long"], merch_lat=table["lat"], is_fraud=0)
    table.loc[0, "is_fraud"] = 1
    path = tmp_path / "slow.csv"
    table.to_csv(path)
    slow = score(path)
    assert slow.figures["flight_precision"] == Figure(
        None, 0, "no two consecutive purchases of a card are faster than 900 km/h"
    )
    found = reasons(slow)
    assert found[ALARMS] == slow.figures["flight_precision"].why
    assert found[AUCS[0]] == "no fraud has a speed"
    assert {AUCS[1], "leaks"}.isdisjoint(found)
    worst = "no time zone has 1,000 legitimate purchases in person"
    assert found["at night in the worst zone"] == worst
    write_score_page(slow, tmp_path / "slow.html")
    page = (tmp_path / "slow.html").read_text()
    assert "speed since the last place is not available: no fraud has a speed." in page


@pytest.mark.parametrize(
    ("labels", "why"), [("none of fraud", NO_FRAUD), ("none", "needs a label")]
)
def test_aucs_that_have_no_fraud_are_listed_as_not_available(
    table: pd.DataFrame, tmp_path: Path, labels: str, why: str
) -> None:
    path = tmp_path / "a.csv"
    bare = table.drop(columns="is_fraud") if labels == "none" else table.assign(is_fraud=0)
    bare.to_csv(path)
    one = score(path)
    found = reasons(one)
    assert [found[name] for name in (*AUCS, "leaks")] == [why] * 3
    assert found[ALARMS].startswith(why)
    assert set(one.to_dict()["figures"]["flight_precision"]) == {"value", "of", "why"}
    write_score_page(one, tmp_path / "a.html")
    assert f"Not available: {why}." in (tmp_path / "a.html").read_text()


def test_the_handbook_s_square_has_no_places_on_earth(tmp_path: Path) -> None:
    transactions, customers, terminals = handbook()
    paths = [tmp_path / name for name in ("tx.parquet", "customers.csv", "terminals.csv")]
    transactions.to_parquet(paths[0])
    customers.to_csv(paths[1])
    terminals.to_csv(paths[2])
    found = score(paths[0], homes=paths[1], sites=paths[2])
    assert found.form == "handbook"
    assert value(found, "places_per_merchant") == 1
    assert "square" in found.figures["at_sea"].why
    assert "square" in found.figures["flight"].why
    assert set(found.kinds) == {"1", "2", "3"}
    assert set(found.auc["amount"]) == {"all", "1", "2", "3"}
    assert found.auc["distance_from_home"]["all"] is not None
    assert found.auc["speed"]["all"] is None


def test_tabformer_has_places_by_name(tmp_path: Path) -> None:
    table = tabformer()
    path = tmp_path / "card_transaction.v1.csv"
    table.to_csv(path, index=False)
    found = score(path)
    assert found.form == "tabformer"
    assert found.counts["cards"] == len(table[["User", "Card"]].drop_duplicates())
    assert found.counts["online"] == (table["Merchant City"] == "ONLINE").sum()
    assert value(found, "places_per_merchant") == 1
    assert "names" in found.figures["at_sea"].why
    assert value(found, "fraud") == pytest.approx((table["Is Fraud?"] == "Yes").mean())
    amounts = table["Amount"].str[1:].astype(float)
    fraud = table["Is Fraud?"] == "Yes"
    wanted = (amounts[fraud].to_numpy()[:, None] > amounts[~fraud].to_numpy()).mean()
    assert found.auc["amount"]["all"] == pytest.approx(wanted, abs=0.01)


def test_synccfd_is_told_from_the_handbook_and_its_online_purchases_have_no_place(
    tmp_path: Path,
) -> None:
    table = synccfd()
    path = tmp_path / "transactions.parquet"
    table.to_parquet(path)
    found = score(path)
    assert found.form == "synccfd"
    assert found.counts["with_a_place"] == (table["TX_TYPE"] == "CP").sum()
    assert value(found, "abroad") == 0


def own(rows: int = 400) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return purchases and truth as closedworld publishes them, some zones and local times wrong."""
    rng = np.random.default_rng(4)
    places = np.array([[2.35, 48.85], [13.4, 52.5], [-74.0, 40.75], [139.7, 35.7]])
    zones = np.array(["Europe/Paris", "Europe/Berlin", "America/New_York", "Asia/Tokyo"])
    isos = np.array(["FR", "DE", "US", "JP"])
    at = rng.integers(0, 4, rows)
    clock = 1_740_000_000 + np.sort(rng.integers(0, 60 * 86_400, rows))
    local = [
        datetime.fromtimestamp(second, UTC).astimezone(zoneinfo.ZoneInfo(zone)).replace(tzinfo=None)
        for second, zone in zip(clock.tolist(), zones[at], strict=True)
    ]
    is_online = rng.random(rows) < 0.1
    purchases = pd.DataFrame(
        {
            "purchase_id": rng.permutation(rows), "ts_utc": pd.to_datetime(clock, unit="s", utc=True),
            "ts_local": local, "tzid": zones[at], "card_id": rng.integers(0, 20, rows),
            "merchant_id": [f"m{k}" for k in rng.integers(0, 9, rows)],
            "channel": np.where(is_online, "online", "pos"), "category": "grocery", "amount": 5.0,
            "lon": np.where(is_online, np.nan, places[at, 0]), "lat": np.where(is_online, np.nan, places[at, 1]),
            "country_iso": isos[at],
        }
    )  # fmt: skip
    truth = pd.DataFrame(
        {"purchase_id": purchases["purchase_id"], "is_fraud": rng.random(rows) < 0.1}
    )
    kinds, listed = rng.choice(["clone", "skim"], rows), rng.random(rows) < 0.1
    truth["fraud_type"] = pd.Series(kinds).where(truth["is_fraud"])
    truth["hard_negative"] = pd.Series(["long_flight"] * rows).where(~truth["is_fraud"] & listed)
    return purchases, truth


def test_zones_local_times_and_countries_are_checked_against_places(tmp_path: Path) -> None:
    purchases, truth = own()
    here = purchases["channel"] == "pos"
    purchases.loc[here.idxmax(), "tzid"] = (
        "Asia/Tokyo" if purchases["tzid"][here.idxmax()] != "Asia/Tokyo" else "UTC"
    )
    purchases.loc[purchases.index[here][5], "country_iso"] = "BR"
    paths = [tmp_path / "purchases.parquet", tmp_path / "truth.parquet"]
    purchases.to_parquet(paths[0])
    truth.to_parquet(paths[1])
    found = score(paths[0], truth=paths[1])
    n = int(here.sum())
    assert found.clock == "utc"
    assert value(found, "zone_agrees") == pytest.approx(1 - 1 / n)
    assert value(found, "country_agrees") == pytest.approx(1 - 1 / n)
    assert value(found, "local_time_agrees") == pytest.approx(1 - 1 / len(purchases))
    assert found.counts["frauds"] == truth["is_fraud"].sum()
    assert found.counts["listed_as_noise"] == truth["hard_negative"].notna().sum()
    assert found.kinds == truth["fraud_type"].value_counts().to_dict()


def test_hours_of_purchases_in_person_are_local_where_times_are_utc(tmp_path: Path) -> None:
    """Overall and by zone they are the same purchases, so the worst zone is no better than all."""
    purchases, _ = own(8000)
    path = tmp_path / "purchases.parquet"
    purchases.assign(is_fraud=False).to_parquet(path)
    here = purchases[purchases["channel"] == "pos"]
    hour = pd.to_datetime(here["ts_local"]).dt.hour
    found = score(path)
    assert list(found.hours) == np.bincount(hour, minlength=24).tolist()
    assert {name: count for name, (count, _) in found.zones.items()} == here["tzid"].value_counts().to_dict()  # fmt: skip
    assert value(found, "night") == pytest.approx((hour < 5).mean())
    by_zone = (hour < 5).groupby(here["tzid"]).mean()
    assert value(found, "night_worst_zone") == pytest.approx(by_zone.max())
    by_file = np.bincount(here["ts_utc"].dt.hour, minlength=24)
    assert list(score(path, clock="file").hours) == by_file.tolist()


def test_what_is_left_out_is_warned_of(table: pd.DataFrame, tmp_path: Path) -> None:
    odd = table.copy()
    odd.loc[3, "cc_num"] = np.nan
    odd.loc[4, "trans_date_trans_time"] = None
    odd.loc[5, "merch_lat"] = 100.0
    path = tmp_path / "odd.csv"
    odd.astype({"cc_num": "Int64"}).to_csv(path)
    found = score(path)
    assert [one.code for one in found.warnings] == ["purchases-incomplete", "purchases-off-globe"]
    assert found.counts["purchases"] == len(table) - 2
    assert found.counts["left_out"] == 2
    assert found.counts["off_the_globe"] == 1


@pytest.mark.parametrize(
    ("columns", "content", "code"),
    [
        ({}, "a,b\n1,2\n", "purchases-format"),
        ({"card": "a", "time": "c"}, "a,b\n1,2\n", "purchases-column"),
        ({"card": "a", "colour": "b"}, "a,b\n1,2\n", "purchases-column"),
        ({"card": "a", "time": "b"}, "a,b\n1,yesterday\n", "purchases-value"),
        ({"card": "a", "time": "b"}, "a,b\n1,1700000000000\n", "purchases-value"),
        (
            {"card": "a", "time": "b", "label": "c"},
            "a,b,c\n1,1700000000,maybe\n",
            "purchases-value",
        ),
        ({"card": "a", "time": "b", "amount": "c"}, "a,b,c\n1,1700000000,x1\n", "purchases-value"),
        ({"card": "a", "time": "b"}, "a,b\n1,20250301\n2,20250302\n", "purchases-value"),
        ({"card": "a", "time": "b"}, "a,b,b\n1,1700000000,1800000000\n", "table-column-twice"),
        ({"card": "a", "time": "b"}, "a,b\n,\n", "purchases-none"),
        ({"card": "a", "time": "b"}, "a,b\n1,2\n1,2,3\n", "input-unreadable"),
    ],
)
def test_what_cannot_be_read_is_refused(
    columns: dict[str, str], content: str, code: str, tmp_path: Path
) -> None:
    path = tmp_path / "table.csv"
    path.write_text(content)
    with pytest.raises((ConfigError, InputError)) as caught:
        score(path, columns)
    assert caught.value.code == code


def test_ids_of_truth_are_the_same_as_numbers_or_as_text(tmp_path: Path) -> None:
    purchases, truth = own()
    purchases.to_parquet(tmp_path / "purchases.parquet")
    truth.to_csv(tmp_path / "truth.csv", index=False)
    found = score(tmp_path / "purchases.parquet", truth=tmp_path / "truth.csv")
    assert found.counts["frauds"] == truth["is_fraud"].sum() > 0
    assert not found.warnings
    truth.assign(purchase_id=truth["purchase_id"] + 10_000).to_csv(tmp_path / "truth.csv")
    other = score(tmp_path / "purchases.parquet", truth=tmp_path / "truth.csv")
    assert other.counts["frauds"] == 0
    assert [one.code for one in other.warnings] == ["purchases-unlabelled"]


def test_fraud_of_no_kind_is_fraud(tmp_path: Path) -> None:
    purchases, truth = own()
    path = tmp_path / "purchases.parquet"
    kinds = truth["fraud_type"].fillna("none").replace("clone", "none")
    purchases.assign(is_fraud=truth["is_fraud"], fraud_type=kinds).to_parquet(path)
    found = score(path)
    assert found.kinds.keys() == {"fraud", "skim"}
    assert sum(found.kinds.values()) == truth["is_fraud"].sum()


def test_cards_and_merchants_that_side_tables_lack_are_warned_of(tmp_path: Path) -> None:
    purchases, _ = own()
    path, homes, sites = (tmp_path / f"{name}.parquet" for name in ("paid", "homes", "sites"))
    purchases.drop(columns=["lon", "lat"]).assign(is_fraud=False).to_parquet(path)
    cards = pd.DataFrame({"card_id": sorted(purchases["card_id"].unique())})
    shops = pd.DataFrame({"site_id": sorted(purchases["merchant_id"].unique())})
    cards.assign(home_lon=2.3, home_lat=48.8).to_parquet(homes)
    shops.assign(lon=2.4, lat=48.9).to_parquet(sites)
    assert not score(path, homes=homes, sites=sites).warnings
    cards[1:].assign(home_lon=2.3, home_lat=48.8).to_parquet(homes)
    shops[1:].assign(lon=2.4, lat=48.9).to_parquet(sites)
    found = score(path, homes=homes, sites=sites)
    lost = (purchases["channel"] == "pos") & (purchases["merchant_id"] == shops["site_id"][0])
    first, second = found.warnings
    assert first.code == second.code == "purchases-unmatched"
    assert first.message.startswith("1 card has no home")
    assert second.message.startswith(f"{lost.sum()} purchases have no place")


def test_times_with_a_zone_are_not_read_on_the_clock_of_the_file_in_silence(
    table: pd.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "zoned.csv"
    times = table["trans_date_trans_time"] + "+02:00"
    table.assign(trans_date_trans_time=times).to_csv(path)
    assert [one.code for one in score(path).warnings] == ["purchases-zoned"]
    assert not score(path, clock="utc").warnings


@pytest.mark.parametrize("name", ["2018-04-01.pkl", "."])
def test_pickles_are_not_opened(name: str, tmp_path: Path) -> None:
    """The command that the message gives converts them, in an environment of the user's choice."""
    transactions, _, _ = handbook(20)
    transactions.to_pickle(tmp_path / "2018-04-01.pkl")
    with pytest.raises(InputError) as caught:
        score(tmp_path / name)
    assert caught.value.code == "input-pickle"
    words = shlex.split(caught.value.hint.split("purchases.parquet: ")[1])
    subprocess.run([sys.executable, *words[1:]], cwd=tmp_path, check=True)
    assert score(tmp_path / "purchases.parquet").counts["purchases"] == 20


def test_a_score_is_json_and_says_what_it_is(found: Score) -> None:
    assert json.loads(json.dumps(found.to_dict()))["format"] == "sparkov"
    assert repr(found).startswith("<Score of ")
    assert len(found.text().splitlines()) <= 20
    assert closedworld.score is score


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0%"), (0.00001, "< 0.01%"), (0.5, "50.00%"), (0.99999, "> 99.99%"), (1.0, "100%")],
)
def test_neither_a_little_reads_nothing_nor_almost_all_reads_all(value: float, text: str) -> None:
    assert figure_text(Figure(value, 100_000), "share") == text
